"""Receiver and web run without keys: their processes refuse to open any key file.

What is promised: no code of ours hands them a key, and Python itself refuses to open a key file in that folder, by an
audit hook that nothing can take off again; a bug that serves a wrong file meets it too. What is not promised: native
code could still read what the account may read. Who wants that wall as well runs `gateway serve --role web` under an
account, or in a container, that cannot see the folder; nothing is missing there.
"""

from __future__ import annotations

import os
import sys
from fnmatch import fnmatch
from pathlib import Path

KEY_FILES = "*.key"
"""The folder may be a mount of secrets that also holds what these roles need."""


def keep_out(folder: Path) -> None:
    """From now on this process cannot open key files in `folder`; there is no way back."""
    closed = (os.path.abspath(folder) + os.sep, os.path.realpath(folder) + os.sep)

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], str | bytes):
            return
        path = os.fsdecode(arguments[0])
        names = [os.path.abspath(path)]
        # To follow links costs twenty look-ups; through one that is opened to write, nothing is read.
        if not _only_writes(arguments[2]):
            names.append(os.path.realpath(path))
        for name in names:
            if name.startswith(closed) and fnmatch(os.path.basename(name), KEY_FILES):
                raise PermissionError(f"This role runs without keys and does not open {name}.")

    sys.addaudithook(refuse)


def _only_writes(flags: object) -> bool:
    return isinstance(flags, int) and flags & os.O_ACCMODE == os.O_WRONLY
