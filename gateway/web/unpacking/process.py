"""What an upload asks for: the files in an uploaded one, each in a temporary file of ours, whatever an archive does."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from os import SEEK_END
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from gateway.decoding.messages import environment, read_head
from gateway.web.unpacking.archives import HEAD, LARGEST_OBJECT, TOO_LARGE, Entry, Unopened, kind_of

_PROGRAM: Final = (sys.executable, "-P", "-m", "gateway.web.unpacking.program")
_LONGEST_WAIT_S: Final = 120.0
_PIECE: Final = 1 << 20
_LONGEST_TEXT: Final = 500
_IN_PARTS: Final = "Upload one study at a time, or the files without packing them."


@dataclass(frozen=True)
class UnpackingLimits:
    """How many processes at once; bytes of address space of each beyond its program's; seconds of a core for each."""

    processes: int = 2
    memory: int = 512 << 20
    """A list of 100,000 files takes a fifth."""
    seconds: int = 600
    """Of the largest upload, whose two gigabytes unpack in one."""


class Unpacking:
    """The archives of one server's uploads; safe across threads."""

    def __init__(self, limits: UnpackingLimits | None = None, program: tuple[str, ...] = _PROGRAM) -> None:
        self._limits = limits or UnpackingLimits()
        self._program = program
        self._turns = threading.BoundedSemaphore(self._limits.processes)

    def entries(
        self,
        name: str,
        content: IO[bytes],
        most: int,
        folder: str,
        temporary: Callable[[], SpooledTemporaryFile[bytes]],
    ) -> Iterator[Entry | Unopened]:
        """Every file in an uploaded one, or that itself when it is no archive; what unpacks is at most `most` bytes.

        `content` is a temporary file; those of the process have no names in `folder`.
        """
        size = content.seek(0, SEEK_END)
        content.seek(0)
        head = content.read(HEAD)
        content.seek(0)
        if kind_of(head) is None:
            yield Unopened(name, *TOO_LARGE) if size > LARGEST_OBJECT else Entry(name, content)
            return
        if not self._turns.acquire(timeout=_LONGEST_WAIT_S):
            yield Unopened(name, "Other archives are being unpacked.", "Upload it again in a few minutes.")
            return
        try:
            limits = self._limits
            words = [size, most, limits.memory, limits.seconds, folder, name]
            with _running([*self._program, *map(_argument, words)], content) as answers:
                yield from _read(name, answers, most, temporary)
        except (OSError, EOFError, ValueError):
            yield Unopened(
                name,
                "The archive could not be unpacked: the rest of it takes more time or memory than an upload may, "
                "or is damaged.",
                _IN_PARTS,
            )
        finally:
            self._turns.release()


def _argument(word: object) -> str:
    return str(word).replace("\0", "")


@contextmanager
def _running(command: list[str], content: IO[bytes]) -> Iterator[IO[bytes]]:
    """A process that has `content` as its input; ended with the block, whatever it does."""
    if isinstance(content, SpooledTemporaryFile):
        content.rollover()
    content.flush()
    content.seek(0)
    process = subprocess.Popen(
        command,
        stdin=content,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        with process.stdout:
            yield process.stdout
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


def _read(
    archive: str, answers: IO[bytes], most: int, temporary: Callable[[], SpooledTemporaryFile[bytes]]
) -> Iterator[Entry | Unopened]:
    """What the process says, read as untrusted; raises EOFError or ValueError."""
    left = most
    while True:
        head, length = read_head(answers, LARGEST_OBJECT)
        if "end" in head:
            return
        name = str(head["name"]) if "name" in head else archive
        if "said" in head:
            problem, fix = (str(text)[:_LONGEST_TEXT] for text in head["said"])
            yield Unopened(name, problem, fix)
            continue
        left -= length
        if left < 0:
            raise ValueError("more than was allowed")
        with closing(temporary()) as file:
            while length:
                piece = answers.read(min(_PIECE, length))
                if not piece:
                    raise EOFError
                length -= len(piece)
                file.write(piece)
            file.seek(0)
            yield Entry(name, file)
