"""The steps of a study and its case, in the order of its path; `gateway.pipeline.step_table` joins them to states.

complete (completion)                    is everything here
route (facts, guards, persons)           which rule applies, and what holds a study back
prepare (originals, identities, persons, copies, held_objects, manifest)   identity off, proven off
forward (deliveries)                     to the reading site; deliveries: what any node answers, for every step
compose, return_report (document_forms), confirm   the report, back to the sender in the form it takes
report_result                            what a node is told that asked us for storage commitment
calendar                                 what a study does to the surveillance calendar
"""
