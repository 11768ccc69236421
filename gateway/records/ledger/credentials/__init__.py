"""Ways in besides a password: `issuer` (whom it signs in), `signer` (asked there again), `clients` (programs)."""
