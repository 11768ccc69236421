"""What the tests have other processes do (gateway.pipeline.cores): importable there, as a test module is not."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from gateway.pipeline.cores import Cores


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


if __name__ == "__main__":
    say_who_works()
