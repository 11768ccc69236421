"""The steps of a conflict, two versions of a study's objects: `compare` them, and `settle` what a lead decided."""
