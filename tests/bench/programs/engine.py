"""The gateway's de-identification at work on one core: `python -m bench.programs.engine` (told by prepare.py).

What the step of the pipeline does with a study, without its records: collect the identifying values, then for each file
read, de-identify under `pml-read`, encode, search the whole result for those values, write. With the same classes as
the step: `StudyValues` and `Preparer`.
"""

from __future__ import annotations

import time
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread

from bench.workers import Order, work
from gateway.privacy.deidentify.instance import PatientContext
from gateway.privacy.fast.identifying_values import StudyValues
from gateway.privacy.fast.preparer import Preparer
from gateway.privacy.profile.profile import load_profile
from gateway.privacy.pseudonyms import PseudonymKey

KEY = PseudonymKey(b"a key for measurements, no other", "bench").of("bench")
SHIFT_DAYS = -100


def copy_of(file: Path, preparer: Preparer) -> bytes:
    """The de-identified file, proven clean. Raises Held."""
    done = preparer.prepare(file.read_bytes(), lambda _: "t2")
    if done.leaks:
        raise OSError(f"{file.name} is not clean: {done.leaks[0].attribute}")
    return done.file


def _prepare(order: Order) -> Order:
    files, target = [Path(file) for file in order["files"]], Path(order["target"])
    start, cpu = time.monotonic(), time.process_time()
    found = StudyValues()
    for file in files:
        found.add(file.read_bytes(), _read)
    patient = PatientContext("PML-BENCH", SHIFT_DAYS, KEY)
    preparer = Preparer(load_profile("pml-read"), patient, found.values(SHIFT_DAYS))
    for number, file in enumerate(files):
        (target / f"{number}.dcm").write_bytes(copy_of(file, preparer))
    return {"seconds": time.monotonic() - start, "cpu": time.process_time() - cpu}


def _read(data: bytes) -> Dataset:
    return dcmread(BytesIO(data))


if __name__ == "__main__":
    work(_prepare)
