"""HTTP before it is a request: `connections` says how many there may be, and how slow."""
