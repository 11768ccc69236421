"""The steps of what a reading site sends back: `case_of_reply` (which case), `restore` (its identity), `deliver`."""
