"""What a report is checked against, from the records: `study_facts`."""
