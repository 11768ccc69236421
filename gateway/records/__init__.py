"""What the gateway remembers: rows, bytes, identities and the audit trail."""
