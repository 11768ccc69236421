"""The audit trail as a page, for those who answer for privacy: `audit`."""
