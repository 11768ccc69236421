"""Many objects of one study prepared fast, from bytes to bytes: a copy of the answers that `deidentify` gives.

Read `preparer` (the whole), then `headers` and `repeated_elements` (what is read at all), `decider` and `memo` (what
becomes of an element, asked of the engine once by `ask_engine`), `attribute_plans` and `plain_values` (asked once for
all patients), `runs` and `assembler` (the copy), `pixels`, `identifying_values`, `raw_elements`.
"""
