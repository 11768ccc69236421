"""Processes that decode may die, hang or say anything: that is an error, and the next picture is decoded."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from gateway.decoding import files
from gateway.decoding.children import LONGEST_LINE, DecodingProcesses, Limits
from gateway.decoding.errors import CannotDecode, NoSuchFrame, TooBusy
from gateway.decoding.messages import environment
from gateway.decoding.pixels import decode
from support.fresh_process import imported_by, loaded
from support.objects.dicom_files import encoded, mr_dataset

DIES = "import os; os.abort()"
HANGS = "import time; time.sleep(60)"
SAYS = "import sys; sys.stdout.buffer.write({!r}); sys.stdout.flush(); sys.stdin.read()"


def rle(number: int = 1) -> Dataset:
    """A compressed image."""
    return mr_dataset(number, syntax=RLELossless)


def program(code: str) -> DecodingProcesses:
    """Processes that run this instead of the decoder; each may take two seconds."""
    return DecodingProcesses(Limits(1, 2), [sys.executable, "-S", "-c", code])


def answer(head: bytes, data: bytes = b"", length: int | None = None) -> str:
    """A program that answers so."""
    sizes = len(head).to_bytes(4, "little") + (len(data) if length is None else length).to_bytes(8, "little")
    return SAYS.format(sizes + head + data)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (DIES, "died"),
        (HANGS, "longer than 2 s"),
        (answer(b"[]"), "died"),
        (answer(b"not JSON"), "died"),
        (answer(b"{}", length=1 << 60), "died"),
        (answer(b'{"error": "Probe^Petra"}'), "(unknown)"),
        (answer(b'{"error": "ValueError"}'), "(ValueError)"),
        (answer(b'{"error": "CannotDecode", "said": "Petra"}'), "(CannotDecode)"),
        (answer(b'{"error": "CannotDecode", "said": ["Petra\\u202e", "x"]}'), "(CannotDecode)"),
        (answer(b'{"error": "SystemExit", "said": ["Petra", "x"]}'), "(SystemExit)"),
        (answer(b"{}"), "size"),
        (answer(b'{"shape": [16, 16], "dtype": "O"}', bytes(512)), "size"),
        (answer(b'{"shape": [16, 16], "dtype": "<u2"}', bytes(510)), "size"),
        (answer(b'{"shape": [-1, 16], "dtype": "<u2"}', bytes(2)), "size"),
        (answer(b'{"shape": [999999, 999999], "dtype": "<u2"}', bytes(512)), "size"),
    ],
)
def test_whatever_a_process_does_is_an_error_with_a_fix(code: str, problem: str) -> None:
    """It dies, hangs, or answers nonsense: never another exception, never a value, nothing it said is quoted."""
    processes = program(code)
    with pytest.raises(CannotDecode) as refused:
        decode(rle(), processes=processes)
    assert problem in refused.value.problem
    assert "Petra" not in refused.value.problem
    assert refused.value.fix
    processes.close()


def test_a_process_is_used_again_and_replaced_when_it_died() -> None:
    """Started when it is needed, one for many pictures; killed from outside between two of them, nobody notices."""
    processes = DecodingProcesses(Limits(1))
    assert processes._idle == []
    for number in (1, 2):
        assert (decode(rle(number), processes=processes) == mr_dataset(number).pixel_array).all()
        (process,) = processes._idle
        if number == 1:
            first = process.pid
    assert process.pid == first
    process.kill()
    process.wait()
    assert (decode(rle(3), processes=processes) == mr_dataset(3).pixel_array).all()
    assert processes._idle[0].pid != first
    processes.close()
    assert processes._idle == []


def test_two_pictures_at_once_wait_for_a_process() -> None:
    """More who ask than processes: each gets its own picture."""
    processes, seen = DecodingProcesses(Limits(1)), {}

    def look(number: int) -> None:
        seen[number] = decode(rle(number), processes=processes)

    threads = [threading.Thread(target=look, args=(number,)) for number in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((seen[number] == mr_dataset(number).pixel_array).all() for number in (1, 2, 3))
    processes.close()


def test_a_process_ends_with_the_one_it_works_for(tmp_path: Path) -> None:
    """kill -9 of the web role leaves no decoder behind."""
    program = (
        "import os, signal\n"
        "from gateway.decoding.children import SHARED\n"
        "from gateway.decoding.pixels import decode\n"
        "from support.objects.dicom_files import mr_dataset\n"
        "from pydicom.uid import RLELossless\n"
        "decode(mr_dataset(1, syntax=RLELossless))\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(SHARED._idle[0].pid))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    import subprocess

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    status = Path("/proc") / (tmp_path / "pid").read_text() / "stat"
    for _ in range(100):
        if not status.exists() or ") Z " in status.read_text():
            return
        time.sleep(0.05)
    pytest.fail("the decoder still runs")


def test_a_process_knows_no_secret_of_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings from the environment do not reach what untrusted bytes may take over."""
    monkeypatch.setenv("GATEWAY_STORAGE__DATABASE", "postgresql://gateway:secret@localhost/gateway")
    assert "secret" not in str(environment())


def test_the_decoders_are_loaded_nowhere_but_in_the_program() -> None:
    """What serves pages and compares versions holds no decoder of its own that pydicom has not."""
    modules = imported_by("import gateway.web.foundation.images, gateway.identity.pixels")
    assert loaded(("imagecodecs", "gateway.decoding.codecs"), modules) == []


def test_values_are_those_of_the_image() -> None:
    """The dtype is the image's own."""
    processes = DecodingProcesses(Limits(1))
    found = decode(rle(), stored=True, processes=processes)
    assert found.dtype == np.dtype("<u2")
    assert not found.flags.writeable
    processes.close()


def test_what_our_own_words_say_is_told() -> None:
    """An error of ours comes back as itself."""
    processes = program(answer(b'{"error": "NoSuchFrame", "said": ["There is no frame 7.", "It has 1."]}'))
    with pytest.raises(NoSuchFrame, match="no frame 7"):
        processes.ask("drawn", {}, memory=1 << 30)
    processes.close()


def test_a_long_line_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits holds a thread of the pages: beyond a few nobody waits, and the queue page is answered."""
    processes = program(HANGS)
    monkeypatch.setattr("gateway.decoding.children._WAIT_S", 4.0)
    told: list[type[Exception]] = []

    def ask() -> None:
        try:
            processes.ask("drawn", {}, memory=1 << 30)
        except CannotDecode as error:
            told.append(type(error))

    threads = [threading.Thread(target=ask) for _ in range(LONGEST_LINE + 1)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(TooBusy):
            processes.ask("drawn", {}, memory=1 << 30)
    assert time.monotonic() - began < 4, "all of them were told within what one would wait"
    for thread in threads:
        thread.join()
    # On a busy machine a process may be given up while others wait for it: one or two more come to their turn.
    assert told.count(TooBusy) > LONGEST_LINE / 2
    processes.close()


def test_an_order_has_no_more_memory_than_the_limits_give() -> None:
    """Whatever the header asks for: the decoder is refused the memory, and lives on for the next picture."""
    processes = DecodingProcesses(Limits(1, memory=1 << 20))
    large = mr_dataset(1)
    large.Rows = large.Columns = 4096
    large.PixelData = bytes(4096 * 4096 * 2)
    with pytest.raises(CannotDecode, match="MemoryError"):
        files.drawn(encoded(large), 0, 0.0, 1.0, processes=processes)
    assert processes._idle == []
    processes.close()
