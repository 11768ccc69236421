"""Processes that read and decode, started when they are needed, kept for the next picture, ended when they fail."""

from __future__ import annotations

import atexit
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.decoding.description import PixelDescription
from gateway.decoding.errors import CannotDecode, NoSuchFrame, TooBusy
from gateway.decoding.messages import announced, environment, read_message

LONGEST_LINE: Final = 24
"""Who waits for a process holds a thread; the pages have 40, and each browser asks for six pictures at once."""
_WAIT_S: Final = 20.0
_SPARE_BYTES: Final = 256 << 20
"""Address space for whatever is no pixel."""
_COPIES: Final = 8
"""How often a frame may be in memory while it is decoded: JPEG 2000 works in 32 bits, twice, for values of 8."""
_SHAPE: Final = (2, 3, 4)  # dimensions: rows and columns, besides them frames or samples or both
PROGRAM: Final = (sys.executable, "-P", "-m", "gateway.decoding.child")
"""What a process runs; a number behind it: how much it gives way to others."""
_LOOK_ELSEWHERE: Final = "Look at it in the archive that sent it."
_OWN_ERRORS: Final = {error.__name__: error for error in (CannotDecode, NoSuchFrame)}
_LONGEST_TEXT: Final = 500


@dataclass(frozen=True)
class Limits:
    """How many processes at once; seconds of an order; bytes: address space beyond the program's, and of an answer."""

    processes: int = 2
    """More would take the cores from those who receive."""
    seconds: int = 30
    """Start of the process included; a frame of the largest MR image takes a tenth of one."""
    memory: int = 2560 << 20
    """All frames of the largest object that is compared as a whole; one picture has a gigabyte at most."""
    answer: int = 64 << 20
    """A picture as PNG, a header; pixels have the size that was asked for."""


class DecodingProcesses:
    """At most so many processes; safe across threads: who finds all at work waits for one."""

    def __init__(self, limits: Limits | None = None, program: Sequence[str] = PROGRAM) -> None:
        self._program = list(program)
        self._idle: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()
        self.bound(limits or Limits())

    def bound(self, limits: Limits) -> None:
        """Other limits from now on."""
        self.limits = limits
        self._may_ask = threading.BoundedSemaphore(limits.processes)
        self._places = threading.BoundedSemaphore(limits.processes + LONGEST_LINE)

    def decode(self, description: PixelDescription, data: bytes, *, stored: bool) -> NDArray[Any]:
        """The values of the frames in `data` (encapsulated, one fragment a frame); raises CannotDecode."""
        values = description.values_of_a_frame * description.number_of_frames
        size = description.bytes_of_a_frame
        memory = _SPARE_BYTES + size * (_COPIES + 2 * description.number_of_frames)
        order = {"description": asdict(description), "stored": stored}
        head, answer = self.ask("decode", order, [data], memory=memory, most=values * 8)
        return _array(values, head, answer)

    def ask(
        self,
        task: str,
        order: dict[str, Any],
        data: Sequence[bytes | memoryview] = (),
        *,
        memory: int,
        most: int | None = None,
        wait_s: float | None = None,
    ) -> tuple[dict[str, Any], bytes]:
        """What a process answers to the `data`, in `most` bytes at most; raises CannotDecode, TooBusy."""
        places, turns = self._places, self._may_ask
        if not places.acquire(blocking=False):
            raise _too_busy()
        try:
            if not turns.acquire(timeout=_WAIT_S if wait_s is None else wait_s):
                raise _too_busy()
            try:
                limits = self.limits
                head = {
                    **order,
                    "task": task,
                    "memory": min(memory, limits.memory),
                    "seconds": limits.seconds,
                }
                return self._asked(head, data, limits.answer if most is None else most)
            finally:
                turns.release()
        finally:
            places.release()

    def close(self) -> None:
        """End the processes that are not at work; whoever asks nevertheless starts a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            _end(process)

    def _asked(
        self, order: dict[str, Any], data: Sequence[bytes | memoryview], most: int
    ) -> tuple[dict[str, Any], bytes]:
        process = self._process()
        late = threading.Event()
        watch = threading.Timer(self.limits.seconds, _too_late, (process, late))
        watch.daemon = True
        watch.start()
        is_well = False
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(announced(order, sum(map(len, data))))
            for piece in data:
                process.stdin.write(piece)
            process.stdin.flush()
            head, values = read_message(process.stdout, most)
            is_well = not head.pop("last", False)
        except (OSError, EOFError, ValueError):
            raise CannotDecode(
                f"Decoding it took longer than {self.limits.seconds} s and was stopped."
                if late.is_set()
                else "The decoder died of it.",
                _LOOK_ELSEWHERE,
            ) from None
        finally:
            watch.cancel()
            watch.join()  # it may have begun to kill the process
            if is_well and not late.is_set():
                with self._lock:
                    self._idle.append(process)
            else:  # what an attempt has left behind is nobody's
                _end(process)
        if "error" in head:
            raise _error(head)
        return head, values

    def _process(self) -> subprocess.Popen[bytes]:
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.poll() is None:
                    return process
                _end(process)
        try:
            return subprocess.Popen(
                self._program,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(),
                start_new_session=True,  # a Ctrl-C at the terminal is for the gateway
            )
        except OSError as error:
            raise CannotDecode(
                f"No process can be started to decode it ({type(error).__name__}).",
                "Look whether the machine is short of memory.",
            ) from None


def _too_late(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    process.kill()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it, and do not leave a dead process lying about."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):  # what was not sent yet
                pipe.close()


def _error(head: dict[str, Any]) -> CannotDecode:
    """What a process says went wrong, which may be anything: a text only of the form of our own."""
    name, said = str(head["error"])[:60], head.get("said")
    if name in _OWN_ERRORS and isinstance(said, list) and len(said) == 2:
        problem, fix = (str(text)[:_LONGEST_TEXT] for text in said)
        if problem.isprintable() and fix.isprintable():
            return _OWN_ERRORS[name](problem, fix)
    name = name if name.isidentifier() else "unknown"
    return CannotDecode(f"Its pixels are not what its header says ({name}).", _LOOK_ELSEWHERE)


def _too_busy() -> TooBusy:
    return TooBusy("Other pictures are being decoded.", "Look at it again in a minute.")


def _array(wanted: int, head: dict[str, Any], values: bytes) -> NDArray[Any]:
    """The answer as an array; raises CannotDecode when it is not one of the size that was asked for."""
    try:
        dtype, shape = np.dtype(str(head["dtype"])), tuple(int(side) for side in head["shape"])
        if dtype.kind not in "iuf" or len(shape) not in _SHAPE:
            raise ValueError
        array = np.frombuffer(values, dtype)
        if array.size != wanted:
            raise ValueError
        return array.reshape(shape)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise CannotDecode("Its pixels are not of the size in its header.", _LOOK_ELSEWHERE) from None


SHARED: Final = DecodingProcesses()
"""Those of this process; none is started before something of somebody else's is read or decoded."""
BEHIND: Final = DecodingProcesses(Limits(processes=1), (*PROGRAM, "10"))
"""One that gives way to all others, for work that nobody waits for."""
for _processes in (SHARED, BEHIND):
    atexit.register(_processes.close)
