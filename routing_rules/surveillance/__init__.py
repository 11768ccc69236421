"""When the next surveillance MRI is due.

`guidelines` (what a site follows, with sources), `treatments` and `risk` (what is known of a patient, read the riskier
way), `windows` (when one rule asks) and `due_dates` (when the next MRI is due); `closed_wishes` (what a person
closed of reports' wishes), `unused` (what changes nothing under a
guideline), `sites` (how sites stand), `enrolment_csv` and its `enrolment_cells` (the list of a site); `days`.
"""
