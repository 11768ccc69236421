"""Spectroscopy on the pages: `drawing` (the spectrum of one signal), `ratio_chart` (ratios over a patient's visits)."""
