"""What the gateway remembers: rows, bytes, identities and the audit trail.

database, tables/, migrations/    the rows, and one named transaction per event
ledger/                           every write
views/                            every read: frozen rows for pages, commands and steps
blobs, arrival/                   the bytes, durable before they are acknowledged
identities/                       keys, the vault, sealed letters
accounts, audit/                  whose a password and a session are; the table of audit events and their proof
factors/                          passwords that are taken, second factors and how they are kept
credentials                       persons of an issuer, and tokens of programs
step_record, commitment_answers   what a step found; whether a storage commitment result counts
numbers                           what metrics show
calendar, seen_mris, report_words   the calendar as it stands: MRIs that count, and what reports ask for
patients                          which rows are of one patient
forgetting, erasure, rotation     what must be gone, and keys that change: each a run of several events
key_proof                         whether the keys in a folder are those that the records rest on
crash                             a switch that kills this process at a commit point, for tests
"""
