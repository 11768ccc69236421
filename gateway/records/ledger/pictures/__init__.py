"""What is worked out of copies so that they can be looked at, beside the cases: `making` of index and volumes,
`aligning` of priors, `change_maps` of what is aligned; `asking_again` has all of it made once more.
"""
