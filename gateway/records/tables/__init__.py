"""The tables: `studies` (in the order a study meets them), `conflicts`, `service` (all others), `columns` (shared)."""
