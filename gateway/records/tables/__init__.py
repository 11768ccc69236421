"""Tables: `studies` (in the order a study meets them), `administration` (all others), `columns` (what they share)."""
