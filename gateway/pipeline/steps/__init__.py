"""The steps of a study and its case, in the order of its path; `gateway.pipeline.step_table` joins them to states.

complete (completion)                    is everything here
route (facts, guards, patient_hashes)    which rule applies, and what holds a study back
prepare (originals, identities, copies, held, manifest)   identity off, proven off
forward (deliveries)                     to the reading site
compose, return_report, confirm          the report, back to the sender
calendar                                 what a study does to the surveillance calendar
"""
