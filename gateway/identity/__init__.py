"""Whose study it is: what two objects, two names and two numbers have to agree in to be the same. Pure.

Read `content` (is it the same object, and what differs), with `attributes` (its tables, by `concerns`), `values` (one
element as a value, in one of its `normal_forms`) and `pixels`; then `patient` (is it the same person), with `names`,
`numbers` and `spellings`, and the `ground` of each answer.
"""
