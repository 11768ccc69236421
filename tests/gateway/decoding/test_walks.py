"""Codestreams are walked in a process that may die: whatever it does, nothing is taken for accounted for."""

from __future__ import annotations

import json
import struct
import sys

import imagecodecs
import numpy as np
import pytest

from dicom_nodes.encoding.codestreams.edits import Edit, UnaccountedBytes
from dicom_nodes.encoding.codestreams.pixel_data import FrameShape, walk_codestream
from gateway.decoding.children import DecodingProcesses, Limits
from gateway.decoding.walks import WALK, walk_by

SECRET = b"Probe^Petra"
LOSSLESS, JPEG_LS, RLE = "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.5"
SHAPE = FrameShape(1, 64, 48, 1, 2)
IMAGE = np.random.default_rng(1).integers(0, 4095, (64, 48)).astype(np.uint16)
SAYS = "import sys; sys.stdout.buffer.write({!r}); sys.stdout.flush(); sys.stdin.read()"


def program(code: str) -> DecodingProcesses:
    """Processes that run this instead; each may take two seconds."""
    return DecodingProcesses(Limits(1, 2), [sys.executable, "-S", "-c", code])


def answer(head: object, data: bytes = b"") -> str:
    """A program that answers so."""
    text = json.dumps(head).encode()
    return SAYS.format(struct.pack("<IQ", len(text), len(data)) + text + data)


def test_what_a_process_says_is_what_the_walk_says() -> None:
    """Edits, the end, and the reason why there are none; JPEG-LS is told to its last sample."""
    code = bytes(imagecodecs.ljpeg_encode(IMAGE, bitspersample=12))
    dirty = code[:-2] + SECRET + code[-2:]
    for each in (code, dirty):
        assert WALK([each], LOSSLESS, SHAPE) == walk_codestream(each, LOSSLESS, SHAPE)
    with pytest.raises(UnaccountedBytes) as refused:
        WALK([code], LOSSLESS, SHAPE._replace(rows=65))
    assert refused.value.problem == "A JPEG image has another size than its header says."
    with pytest.raises(UnaccountedBytes) as refused:
        WALK([SECRET], RLE, SHAPE)
    assert refused.value.problem == "An RLE frame is shorter than its header."
    ls = bytes(imagecodecs.jpegls_encode(IMAGE))
    edits, end = WALK([ls[:-2], SECRET, ls[-2:]], JPEG_LS, SHAPE)
    assert edits[-1] == Edit(len(ls) - 2, len(ls) - 2 + len(SECRET), b"\xff" * len(SECRET))
    assert end == len(ls) + len(SECRET)


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.abort()",
        "import time; time.sleep(60)",
        answer({"error": "ValueError"}),
        answer({"unaccounted": "Probe^Petra"}),
        answer({}, b"\0"),
        answer({"end": 99}),
        answer({"end": -1}),
        answer({"end": "9"}),
        answer({"end": None}, struct.pack("<3Q", 2, 1, 0)),
        answer({"end": None}, struct.pack("<3Q", 1, 2, 9) + b"Petra"),
        answer({"end": None}, struct.pack("<3Q", 1, 3, 1) + b"P"),
        answer({"end": None}, struct.pack("<3Q", 1, 999, 998) + bytes(998)),
        answer({"end": None}, b"".join(struct.pack("<3Q", at, at + 1, 1) + b"P" for at in (3, 1))),
    ],
)
def test_whatever_a_process_does_nothing_is_accounted_for(code: str) -> None:
    """It dies, hangs or answers nonsense: the object is held, and nothing that it said is quoted."""
    processes = program(code)
    with pytest.raises(UnaccountedBytes) as refused:
        walk_by(processes)([b"twelve bytes"], RLE, SHAPE)
    assert "accounted" in refused.value.problem
    assert "Petra" not in refused.value.problem
    processes.close()
