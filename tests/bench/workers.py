"""Programs that were started and warmed up before the clock runs, and are told what to do line by line in JSON.

Standard library only: the program for dicom-anonymizer runs in an environment that has nothing else of ours.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
"""Where Python finds this package, whoever starts it."""
Order = dict[str, Any]
PATH = {"PYTHONPATH": os.pathsep.join(filter(None, (str(TESTS), os.environ.get("PYTHONPATH", ""))))}


class WorkerFailed(OSError):
    """The program ended, or could not do what it was told; the text is what it said."""


class Worker:
    """The side that tells: `ask` sends an order and waits for the answer; use as a context manager."""

    def __init__(self, module: str, *arguments: object, python: object = sys.executable) -> None:
        """Start `python -m module`, and wait until it says that it is ready. Raises WorkerFailed."""
        self._process = subprocess.Popen(
            [str(python), "-m", module, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **PATH},
        )
        try:
            self.hear()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._process.stdout.close()

    def ask(self, order: Order) -> Order:
        """One order, one answer. Raises WorkerFailed."""
        self.tell(order)
        return self.hear()

    def tell(self, order: Order) -> None:
        """Send an order; the answer is to be heard later."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def hear(self) -> Order:
        """Wait for the next answer. Raises WorkerFailed."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer: Order = json.loads(line) if line else {"problem": "a program of the benchmark ended"}
        if "problem" in answer:
            raise WorkerFailed(answer["problem"])
        return answer


def work(do: Callable[[Order], Order], expected: Sequence[type[Exception]] = ()) -> None:
    """The side that is told: answers each line until there are no more; so are `expected` errors answered."""
    _answer({})
    for line in sys.stdin:
        try:
            _answer(do(json.loads(line)))
        except (OSError, *expected) as error:
            _answer({"problem": f"{type(error).__name__}: {error}"})


def _answer(what: Order) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
