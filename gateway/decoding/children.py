"""Processes that decode, started when they are needed, kept for the next picture, and ended when they fail."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.decoding.child import message, read_message
from gateway.decoding.child import order as pixel_order
from gateway.decoding.description import PixelDescription
from gateway.decoding.errors import CannotDecode

PROCESSES: Final = 2
"""At once. More would take the cores from those who receive."""
SECONDS: Final = 30
"""For an order, start of the process included; a frame of the largest MR image takes a tenth of one."""
_WAIT_S: Final = 20.0
_SHAPE: Final = (2, 3, 4)  # dimensions: rows and columns, besides them frames or samples or both
_PROGRAM: Final = (sys.executable, "-P", "-m", "gateway.decoding.child")
_LOOK_ELSEWHERE: Final = "Look at it in the archive that sent it."


class DecodingProcesses:
    """At most so many processes; safe across threads: who finds all at work waits for one."""

    def __init__(
        self, processes: int = PROCESSES, seconds: int = SECONDS, program: Sequence[str] = _PROGRAM
    ) -> None:
        self.seconds = seconds
        self._program = list(program)
        self._may_ask = threading.BoundedSemaphore(processes)
        self._idle: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def decode(self, description: PixelDescription, data: bytes, *, stored: bool) -> NDArray[Any]:
        """The values of the frames in `data` (encapsulated, one fragment a frame); raises CannotDecode."""
        most = description.values_of_a_frame * description.number_of_frames * 8
        head, values = self.ask(pixel_order(description, stored, self.seconds), data, most)
        return _array(description, head, values)

    def ask(
        self, head: dict[str, Any], data: bytes, most: int, wait_s: float = _WAIT_S
    ) -> tuple[dict[str, Any], bytes]:
        """What a process answers, with at most so many bytes of values; raises CannotDecode."""
        if not self._may_ask.acquire(timeout=wait_s):
            raise CannotDecode("Other pictures are being decoded.", "Look at it again in a minute.")
        try:
            return self._asked(head, data, most)
        finally:
            self._may_ask.release()

    def close(self) -> None:
        """End the processes that are not at work; whoever asks nevertheless starts a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            _end(process)

    def _asked(self, order: dict[str, Any], data: bytes, most: int) -> tuple[dict[str, Any], bytes]:
        process = self._process()
        late = threading.Event()
        watch = threading.Timer(self.seconds, _too_late, (process, late))
        watch.daemon = True
        watch.start()
        answered = False
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(message(order, data))
            process.stdin.write(data)
            process.stdin.flush()
            head, values = read_message(process.stdout, most)
            answered = "error" not in head
        except (OSError, EOFError, ValueError):
            raise CannotDecode(
                f"Decoding it took longer than {self.seconds} s and was stopped."
                if late.is_set()
                else "The decoder died of it.",
                _LOOK_ELSEWHERE,
            ) from None
        finally:
            watch.cancel()
            watch.join()  # it may have begun to kill the process
            if answered and not late.is_set():
                with self._lock:
                    self._idle.append(process)
            else:  # what an attempt has left behind is nobody's
                _end(process)
        if not answered:
            raise CannotDecode(f"Its pixels are not what its header says ({_name(head)}).", _LOOK_ELSEWHERE)
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
                env=_environment(),
                start_new_session=True,  # a Ctrl-C at the terminal is for the gateway
            )
        except OSError as error:
            raise CannotDecode(
                f"No process can be started to decode it ({type(error).__name__}).",
                "Look whether the machine is short of memory.",
            ) from None


def _environment() -> dict[str, str]:
    """What the program needs to start, and nothing else: the gateway's own may hold secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "LANG") if name in os.environ}
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # each takes address space
    no_files = {"PYTHONDONTWRITEBYTECODE": "1"}
    return kept | one_thread | no_files | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


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


def _name(head: dict[str, Any]) -> str:
    """The name of an error, from a process that may say anything."""
    said = str(head["error"])[:60]
    return said if said.isidentifier() else "unknown"


def _array(description: PixelDescription, head: dict[str, Any], values: bytes) -> NDArray[Any]:
    """The answer as an array; raises CannotDecode when it is not one of the size that was asked for."""
    wanted = description.values_of_a_frame * description.number_of_frames
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
"""Those of this process; none is started before something compressed is decoded."""
atexit.register(SHARED.close)
