"""What pages and services stand on.

Read `guard` (around every answer), `access`, `whence`, `brakes` and `rights` (who, from where, how often, may they),
`context`, `forms`, `templates`, `scripts` and `redaction` (what may be shown), `problems` (errors as answers);
`case_access`, `calendar_access`, `enrolling`, `telling` (what a hospital tells), `report_recipient`, `uploaded_files`
(with `bodies` and `upload_places`) and `images` are shared by pages and services.
"""
