"""Between hospital and readers: `context` (what a hospital tells), `critical` (results that it acknowledges)."""
