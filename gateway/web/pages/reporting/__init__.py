"""Parts of the page of a report: `study_facts` (what it is checked against), `saved_answer` (what a save is told)."""
