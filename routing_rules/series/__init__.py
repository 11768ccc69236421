"""What an MR series is, from the evidence in its attributes, and where its images lie.

Read `series` (the vocabulary), `recognition` (the verdict on one study), `kind_evidence` (for each kind what proves,
supports and contradicts it) on `table` with `recognition_row` and `rows_by_timing` (which evidence proves which kind),
`signs`, `diffusion_signs`, `derivation_signs`, `geometry` and `contrast` on `contrast_words` (single signs),
`image_attributes`, `derivation`, `diffusion_attributes` and `attributes` (read leniently, once), `vendor_facts` (data).
"""
