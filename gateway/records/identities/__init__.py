"""Who a pseudonym is: `keys` (the files), `vault` (seals and unseals), `sealed_letters` (written keyless)."""
