"""Is a study good enough to look for PML: what is asked for, what of the brain is covered, and what people make of it.

Read `verdict` (the records), `requirements` on protocol.yaml (what is asked for, with sources), `coverage` (can a stack
hold a brain), `checks` (what speaks against one series), `assessment` (the verdict on a study), `reader_overrule`
(the reader's word, and the letter to the sender), `sequences_shown` (what a study shows, as one line) and
`sequence_line` (that line read again: the records do, in processes that load nothing else of this package).
"""
