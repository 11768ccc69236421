"""Work that belongs to no single study: telling people (`notify`) and forgetting a patient (`forget`)."""
