"""Work that belongs to no single study: telling people (`notify`), watching certificates (`certificates`), forgetting a
patient (`forget`) and sealing the audit trail (`trail`)."""
