<<<<<<< HEAD
"""Work of no single study: telling people (`notify`), forgetting a patient (`forget`), sealing the trail (`trail`)."""
=======
"""Work that belongs to no single study: telling people (`notify`), watching
certificates (`certificates`) and forgetting a patient (`forget`)."""
>>>>>>> main
