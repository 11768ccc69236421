"""The steps of what a reading site sends back: `matching` (which case), `restore` (its identity), `deliver`."""
