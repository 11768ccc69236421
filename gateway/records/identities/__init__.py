"""Who a pseudonym is: `keys` (the files), `vault` (each opening audited), `sealed_letters` (written keyless)."""
