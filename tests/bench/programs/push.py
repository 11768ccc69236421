"""A sender with its files in memory, a process of its own: `python -m bench.programs.push FILE...`, told by Pushers."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.wire import Message, Refused, Sender
from bench.workers import Order, Worker, work

CALLING = "BENCH"


@dataclass(frozen=True)
class Pushed:
    """What one push did: `start` before connecting, `answers` when each Success had come.

    Moments are seconds of CLOCK_MONOTONIC, one clock for all processes.
    """

    start: float
    answers: tuple[float, ...]
    bytes: int

    @property
    def seconds(self) -> float:
        return self.answers[-1] - self.start


class Pushers:
    """Sender processes, one for each association; the files are split among them."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers

    def push(self, port: int, called: str, run: int, copies: int = 1) -> Pushed:
        """Send everything as objects nobody has seen (`run`), `copies` times over. Raises WorkerFailed."""
        for worker in self._workers:
            worker.tell({"port": port, "called": called, "run": run, "copies": copies})
        told = [worker.hear() for worker in self._workers]
        answers = sorted(moment for one in told for moment in one["answers"])
        return Pushed(
            min(one["start"] for one in told),
            tuple(answers),
            sum(one["bytes"] for one in told),
        )


@contextmanager
def pushers(files: Sequence[Path], associations: int = 1) -> Iterator[Pushers]:
    """Sender processes while the block runs."""
    with ExitStack() as stack:
        shares = [files[number::associations] for number in range(associations)]
        yield Pushers([stack.enter_context(Worker("bench.programs.push", *share)) for share in shares])


def _push(messages: Sequence[Message], port: int, called: str, run: int, copies: int) -> Order:
    answers, sent = [], 0
    start = time.monotonic()
    sender = Sender(port, CALLING, called, messages)
    for copy in range(copies):
        for message in messages:
            sender.store(message, message.mark(run, copy))
            answers.append(time.monotonic())
            sent += len(message.dataset)
    sender.release()
    return {"start": start, "answers": answers, "bytes": sent}


def main(files: Sequence[str]) -> None:
    """Read the files once, then push as told."""
    messages = [Message.of(Path(file)) for file in files]
    work(lambda order: _push(messages, **order), expected=[Refused])


if __name__ == "__main__":
    main(sys.argv[1:])
