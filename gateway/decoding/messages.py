"""Messages between the gateway and a process that may die: a head in JSON, then bytes, each with its length."""

from __future__ import annotations

import json
import logging
import os
import resource
import struct
import sys
import warnings
from typing import IO, Any, Final

_LENGTHS: Final = struct.Struct("<IQ")
EDIT: Final = struct.Struct("<3Q")
"""Of an answer: begin and end of what is to be written over, and the length of the content that follows."""
_LONGEST_HEAD: Final = 1 << 16


def message(head: dict[str, Any], data: bytes | memoryview = b"") -> bytes:
    """What goes before the `data` of a message: their lengths, and `head` as JSON."""
    return announced(head, len(data))


def announced(head: dict[str, Any], length: int) -> bytes:
    """The same before `length` bytes of data."""
    text = json.dumps(head).encode()
    return _LENGTHS.pack(len(text), length) + text


def read_message(stream: IO[bytes], most: int) -> tuple[dict[str, Any], bytes]:
    """One message with at most so many bytes of data; raises EOFError where it is cut, ValueError where it is none."""
    head, length = read_head(stream, most)
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return head, data


def read_head(stream: IO[bytes], most: int) -> tuple[dict[str, Any], int]:
    """The head of a message, and how many bytes of data follow it. Raises as `read_message`."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        raise EOFError
    head_length, data_length = _LENGTHS.unpack(lengths)
    if head_length > _LONGEST_HEAD or data_length > most:
        raise ValueError("A message is longer than it can be.")
    text = stream.read(head_length)
    if len(text) < head_length:
        raise EOFError
    head = json.loads(text)
    if not isinstance(head, dict):
        raise ValueError("A message does not say what it is.")
    return head, data_length


def own_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Where orders come from and answers go to; what a library prints does not get among them."""
    orders, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nothing, stream)
    logging.disable()
    warnings.simplefilter("ignore")
    return orders, answers


def addresses() -> int:
    """Bytes of address space in use."""
    with open("/proc/self/statm", encoding="ascii") as numbers:
        return int(numbers.read().split()[0]) * resource.getpagesize()


def limit(memory: int, seconds: int) -> None:
    """From now on no more address space than `memory` beyond what is in use, and no more of a core's time."""
    resource.setrlimit(resource.RLIMIT_AS, (addresses() + memory, resource.getrlimit(resource.RLIMIT_AS)[1]))
    spent = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent.ru_utime + spent.ru_stime) + 1 + seconds, hard))


def environment() -> dict[str, str]:
    """What such a program needs to start, and nothing else: the gateway's own may hold secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "LANG") if name in os.environ}
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # each takes address space
    no_files = {"PYTHONDONTWRITEBYTECODE": "1"}
    return kept | one_thread | no_files | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
