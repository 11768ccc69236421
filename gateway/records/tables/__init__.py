"""`studies` (whom, what came), `cases` (in the order a case meets them), `conflicts`, `commitments`, `administration`.

`columns` is shared.
"""
