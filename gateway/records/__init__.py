"""What the gateway remembers: rows, bytes, identities and the audit trail.

database, tables/, migrations/    the rows, and one named transaction per event
ledger/                           every write
views/                            every read: frozen rows for pages, commands and steps
blobs, intake/                    the bytes, durable before they are acknowledged
identities/                       keys, the vault, sealed letters
accounts, audit                   who may, and who did
evidence, notices, numbers        what a step found, what people must hear, what metrics show
surveillance                      the calendar as it stands
forgetting, erasure, rotation     what must be gone, and keys that change
crash                             a switch that kills this process at a commit point, for tests
"""
