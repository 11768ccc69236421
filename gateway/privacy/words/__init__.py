"""Words and dates as people and programs write them: pure functions on the strings of DICOM values.

`dates_and_dummies` (replacement values), `written_dates`, `person_names`, `radiology` (free text reduced to radiology),
`constants` (words that identify nobody where they stand), `coded_terms` (what a coded string may say), `code_meanings`
(what codes mean in PS3.16).
"""
