"""What happens to each attribute, as data that a privacy officer can read.

Read `profile` (the decision), `table_e1_1` (PS3.15 Table E.1-1), `profile_file` (YAML, layered), `file_model` (what
may stand in it), `site_limits` (what no site may ask), `iod` (which attributes an MR object needs, PS3.3),
`safe_private` (the private elements that stay).
The shipped profiles lie in `shipped/`.
"""
