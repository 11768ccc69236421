"""Programs that call with a token of their own: `bearer` (which one it is, and may it)."""
