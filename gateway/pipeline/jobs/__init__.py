"""Work that belongs to no single study: telling people (`notify`), watching
certificates (`certificates`) and forgetting a patient (`forget`)."""
