"""Pages about accounts: `second_step` (of a sign-in), `reset` (a one-time link), `own` (what everybody sees of theirs),
`administration` (of all others)."""
