"""What a hospital has to be told, and its answer: `critical` (results to be acknowledged)."""
