"""Running the gateway: its processes from start to stop, its set-up and its self-examination.

Read `serve` (what a process of each role does), `supervisor` (one process for each role), `starting`, `keyless`,
`private_files` and `without_pixels` (what is special about them), then `scaffold` (`gateway init`) and `checks`
with `declared_sites` (sites that settings name), `keys_check`, `layouts_check` (the viewer's),
`contacts_check` (whom to tell), `exposure` (what others
could get at) and `proof` (what the audit trail needs): `gateway check`, whose every `problem` has its fix.
"""
