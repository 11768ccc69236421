"""`studies` (whom, what came), `cases` (in the order a case meets them), `conflicts`, `commitments`, `administration`.

`credentials` (ways in besides a password); `pictures` (what is made of copies to be looked at); `change_maps`;
`critical` (critical results and the messages to contacts); `told` (what a hospital tells); `columns` is shared.
"""
