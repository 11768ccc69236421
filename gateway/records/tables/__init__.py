"""The tables: `studies` (in the order a study meets them), `service` (all others), `columns` (what they share)."""
