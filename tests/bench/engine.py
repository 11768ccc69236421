"""The gateway's de-identification at work on one core: `python -m bench.engine` (told by prepare.py).

What the step of the pipeline does with a study, without its records: collect the identifying values, then for each file
read, de-identify under `pml-read`, encode, search the whole result for those values, write. `copy_of` is the one place
to change when the privacy package offers another way to the same bytes.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path

from pydicom import dcmread

from bench.workers import Order, work
from gateway.privacy import (
    IdentifyingValue,
    PatientContext,
    Profile,
    PseudonymKey,
    deidentify,
    encode,
    find_leaks,
    identifying_values,
    load_profile,
)

KEY = PseudonymKey(b"a key for measurements, no other", "bench")


def copy_of(
    file: Path, patient: PatientContext, profile: Profile, values: Collection[IdentifyingValue]
) -> bytes:
    """The de-identified file, proven clean. Raises Held."""
    encoded = encode(deidentify(dcmread(file), patient, profile, "t2").dataset)
    if leaks := find_leaks(encoded, values):
        raise OSError(f"{file.name} is not clean: {leaks[0].attribute}")
    return encoded


def _prepare(order: Order) -> Order:
    files, target = [Path(file) for file in order["files"]], Path(order["target"])
    start, cpu = time.monotonic(), time.process_time()
    profile = load_profile("pml-read")
    values = identifying_values([dcmread(file, stop_before_pixels=True) for file in files])
    patient = PatientContext("PML-BENCH", -100, KEY)
    for number, file in enumerate(files):
        (target / f"{number}.dcm").write_bytes(copy_of(file, patient, profile, values))
    return {"seconds": time.monotonic() - start, "cpu": time.process_time() - cpu}


if __name__ == "__main__":
    work(_prepare)
