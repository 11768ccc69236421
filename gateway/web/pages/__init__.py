"""Pages for people, one module each.

`queue`, `cases` (with `gallery`, `explanation`, `verdict`), `reports` (with `lesion_history`),
`studies`, `held_objects`, `originals`, `replies`, `surveillance` (with `calendar_plot`), `upload`, `nodes`,
`conflicts`, `persons`, `manual` (with `manual_pages`); `accounts/`, `telling/` (results to be acknowledged),
`images/` (for viewers), `programs/` (tokens of programs), `spectroscopy/`, `comparing/` (a study beside its prior),
`trail/` (the audit trail).
"""
