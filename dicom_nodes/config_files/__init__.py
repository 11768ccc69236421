"""Files that people write: YAML with the line of every value, and what is wrong with it, with value and fix.

Read `yaml_lines` (text to data with lines), `validation` (what a model refused, as problems of the file),
`file_problem`. Both libraries, rules and nodes, and the gateway read their files here, so that every mistake is told
in one way.
"""
