"""The report of a case: `form_page` and `services` for people and programs, `following` for what comes after it.

`signing` keeps drafts and signs; `fields` is the form as a page shows it, `drafts` what it holds, `prefilled` what is
known before anybody reads, `study_facts` what a report is checked against, `saved_answer` what a save is told.
"""
