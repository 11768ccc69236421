"""`studies` (in the order a study meets them), `conflicts`, `commitments`, `administration`, `columns` (shared)."""
