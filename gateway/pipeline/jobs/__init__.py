"""Work of no single study: telling people (`notify`), forgetting a patient (`forget`), sealing the trail (`trail`)."""
