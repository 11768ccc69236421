"""Who a pseudonym is: `keys` (the files), `key_checks` (what the records know them by), `vault` (seals and unseals),
`sealed_letters` (written keyless); and `audit_keys`, which lie with the others and seal the audit trail."""
