"""`studies` (in the order a study meets them), `conflicts`, `administration` (the others), `columns` (shared)."""
