"""Who may sign in: `accounts` (added, changed, disabled), `sign_in`, `sessions`, `passwords` (changed, or set by a
one-time link), `second_factor` (set up, taken away)."""
