"""Work that belongs to no single study: telling people (`notify`) and contacts (`telling`), both by `sending`; looking
at what hospitals tell (`contexts`); watching certificates (`certificates`); forgetting a patient (`forget`); telling
the audit trail what configuration is in force (`in_force`) and sealing it (`trail`).

And work that no case waits for, done by one thread (`background`): what a case's copies are looked at by (`pictures`),
priors laid over them (`alignments`), and maps of what changed since (`change_maps`).
"""
