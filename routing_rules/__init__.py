"""Which rule applies to a study, what its series are, and whether they are enough to read. Pure; no I/O but files.

instance_facts, facts, fact_table  what is known of a study, read once, and by which name rules ask for it
rule, conditions, expectations     a rule: when it applies and what then happens
rule_files, rule_set, versions     rule files, the rules in force, publishing and going back
matching                           which rule applies, and why each did or did not
rule_tests, described, replay      rules tried out: beside the rules, by hand, on studies already received
overlaps, satisfiable              rules that hide each other
series/                            what an MR series is, and where its images lie
protocol/                          is a study good enough to look for PML
surveillance/                      when the next MRI is due
statements/                        what is said about PML and MS, each sentence with its source
errors                             what can be wrong with rule files and versions
"""
