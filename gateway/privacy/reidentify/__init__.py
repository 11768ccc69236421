"""The way back: a reading site's object under the patient's own identity.

Read `restore` (the whole), `references` (does it belong to this case), `maps` (what was replaced, turned round) and
`character_sets` (in which alphabet it goes back).
"""
