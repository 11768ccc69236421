"""One object without identity (PS3.15 Annex E), as a data set: plain, slow, the oracle of `fast`.

Read `instance` (the whole), then `admission` (may it leave), `attributes` (every element), `texts` (what may
stay of one), `coded_entries`, `lookup_tables`, `pixel_data` (text beside the pixels) and `part10` (the copy as a file).
"""
