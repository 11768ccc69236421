"""Many objects of one study prepared fast, from bytes to bytes: a copy of the answers that `deidentify` gives.

Read `preparer` (the whole), then `headers` and `repeated_elements` (what is read at all), `decider` and `memo` (what
becomes of an element, asked of `deidentify` once by `ask_cleaner`), `attribute_plans` and `plain_values` (asked once
for all patients), `runs` and `assembler` (the copy), `pixels`, `identifying_values`, `raw_elements`, `dictionary`.
"""
