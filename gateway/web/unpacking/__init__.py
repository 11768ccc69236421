"""Uploaded archives, unpacked in a process that may die.

Read `process` (what an upload asks for, file by file), `program` (what runs there), `archives` (ZIP, tar, gzip, in one
another, within limits).
"""
