"""The program of a process that unpacks: an archive is its standard input, and the files come out, one after the other.

It holds nothing of the gateway: no key, no database, no socket. Its arguments are the archive's size, how much may come
out of it, a folder for temporary files without a name, and the archive's name is the first message.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final

from gateway.decoding.messages import announced, limit, message, own_streams
from gateway.web.unpacking.archives import LARGEST_OBJECT, Archives, Unopened

_IN_MEMORY: Final = 1_000_000
_LONGEST_NAME: Final = 4096


def main(words: list[str]) -> None:
    """Answer with every entry; a message without one is the end."""
    size, most, memory, seconds = map(int, words[:4])
    folder, name = words[4], words[5]
    archive: Any = os.fdopen(os.dup(0), "rb")
    _, answers = own_streams()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_OBJECT, LARGEST_OBJECT))
    limit(memory, seconds)
    temporary = partial(SpooledTemporaryFile, max_size=_IN_MEMORY, dir=folder)
    with archive, answers:
        for entry in Archives(size, most, temporary).entries(name, archive):
            if isinstance(entry, Unopened):
                answers.write(message({"name": _short(entry.name), "said": [entry.problem, entry.fix]}))
            else:
                _send(answers, entry.name, entry.content)
            answers.flush()
        answers.write(message({"end": True}))


def _send(answers: IO[bytes], name: str, content: IO[bytes]) -> None:
    length = content.seek(0, os.SEEK_END)
    content.seek(0)
    answers.write(announced({"name": _short(name)}, length))
    shutil.copyfileobj(content, answers, 1 << 20)


def _short(name: str) -> str:
    return name[:_LONGEST_NAME]


if __name__ == "__main__":
    main(sys.argv[1:])
