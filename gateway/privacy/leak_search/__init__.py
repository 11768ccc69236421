"""The proof before anything leaves: are identifying values of the originals anywhere in the encoded copy?

Read `search` (the whole), `encoded_forms` (what is looked for), `byte_scan`, `header_text` and `dark_pixels` (where),
`spans` and `known_spans` (in which element that is), `exceptions` (what counts there), `short_names`.
Independent by contract: nothing of `deidentify` or `fast` is used to judge their work, and `spans` walks the bytes of a
copy with a reader of its own.
"""
