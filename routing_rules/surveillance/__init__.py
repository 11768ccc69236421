"""When the next surveillance MRI is due: `due_dates` (the rules and their sources), `sites` (how sites stand),
`enrolment_csv` (the list of a site).
"""
