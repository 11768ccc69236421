"""Which rule applies to a study, what its series are, and whether they are enough to read. Pure; no I/O but files.

facts.py        what a rule may know about a study          fact_table.py   those facts by name, for conditions
conditions.py   is, contains, between, all, any, not        rule.py         a rule and its settings
matching.py     match and explain                           files.py        rule files, their errors and tests
sequences.py    what each series is, with evidence          kind_table.py   the table behind it, made of signs.py
traits.py       one image's attributes, read once           elements.py     lenient reading of a header
contrast.py     was contrast given                          geometry.py     thickness, gap, plane, coverage
vendor_facts.py vendors' private attributes and names, as data (vendor_facts.yaml)
protocol.py     readable, readable with limits, or not      series.py       SeriesKind, SeriesFacts
yaml_lines.py   YAML with line numbers                      errors.py       RuleFileError and its relatives
"""
