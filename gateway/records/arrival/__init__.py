"""What makes a received object durable before Success, and gives it its row afterwards.

Read `open_folders` (names on disk before the bytes), `arrival_mark` (what a file says about its arrival),
`arriving_file` (bytes, mark, sync), `row_writer` (rows in groups, behind the files), `recovery` (after a crash).
"""
