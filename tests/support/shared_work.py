"""What the tests have other processes do (gateway.pipeline.cores): importable there, as a test module is not."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from gateway import logs
from gateway.pipeline.cores import Cores
from gateway.settings import LogSettings


def double(number: int) -> tuple[int, int]:
    """The number doubled, and who did it."""
    time.sleep(0.05)  # so that one process does not do it all
    return 2 * number, os.getpid()


def size_of(path: Path) -> int:
    """Bytes of a file; raises OSError."""
    return path.stat().st_size


class Unsendable(Exception):
    """An error that is made of two things, which pickle does not know."""

    def __init__(self, first: int, second: str) -> None:
        super().__init__(f"{first} and {second}")


def fail_unsendably(number: int) -> int:
    """Raise it."""
    raise Unsendable(number, "Doe^Jane")


def die_at(number: int) -> int:
    """The number, unless it is 1."""
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def say_who_works() -> None:
    """Print the processes that work for this one, then go on until killed."""
    found = Cores(2).each(double, [1, 2, 3, 4])
    sys.stdout.write(" ".join(str(pid) for pid in {pid for _, pid in found}) + "\n")
    sys.stdout.flush()
    time.sleep(60)


def look_at_odd_values(_number: int) -> str:
    """Decode what pydicom warns about, and quotes; what it decoded."""
    header = Dataset()
    raw = b"not-a-uid^SECRET"
    tag = BaseTag(0x0020000D)
    header[tag] = RawDataElement(tag, "UI", len(raw), raw, 0, False, True)
    return str(header.StudyInstanceUID)


if __name__ == "__main__":
    if sys.argv[1:] == ["look"]:
        logs.configure(LogSettings())
        assert look_at_odd_values(0) in str(Cores(2).each(look_at_odd_values, [1, 2]))
        sys.stdout.write("looked\n")
    else:
        say_who_works()
