"""Programs that call with a token, for those who run the gateway: `tokens` (given, listed, revoked)."""
