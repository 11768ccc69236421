"""Which rule applies to a study, what its series are, and whether they are enough to read. Pure; no I/O but files.

recognition   traits.py        one image's attributes         elements.py     lenient reading of a header
              instance.py      what one instance says, read once when it arrives
              sequences.py     what each series is, and why    series.py       SeriesKind, SeriesFacts
              kind_table.py    the table behind it (with kind_rows_by_timing.py), made of signs.py in kind_row.py
              contrast.py      was contrast given              geometry.py     thickness, gap, plane, coverage
              vendor_facts.py  vendors' private attributes and names, as data (vendor_facts.yaml)
rules         facts.py         what a rule may know            fact_table.py   those facts by name, for conditions
              conditions.py    is, contains, all, any, not     expectations.py what each operator may expect
              rule.py          a rule and its settings         files.py        rule files and their errors
              rule_set.py      the rules in force
              matching.py      match, explain, nearest rule    validation.py   errors with file, line, value and fix
              rule_tests.py    tests beside the rules          described.py    studies written by hand
              overlaps.py      shadowed and overlapping rules  satisfiable.py  can a study meet these conditions?
              replay.py        a draft over stored studies     versions.py     publish, history, roll back
protocol      protocol.py      readable, with limits, or not   judgement.py    the reader's overrule, the letter
surveillance  surveillance.py  when the next MRI is due        surveillance_rules.json  by which rule of which source
              surveillance_sites.py  how the sites stand       enrolment_csv.py        the list of a site
shared        yaml_lines.py    YAML with line numbers          errors.py       RuleFileError and its relatives
"""
