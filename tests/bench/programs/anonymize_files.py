"""dicom-anonymizer at work, told by prepare.py: `python -m bench.programs.anonymize_files`.

By the Python of `.venv/bench`, which has nothing else of ours.
"""

from __future__ import annotations

import time
from pathlib import Path

from dicomanonymizer.simpledicomanonymizer import anonymize_dicom_file

from bench.workers import Order, work


def _anonymize(order: Order) -> Order:
    target = Path(order["target"])
    start, cpu = time.monotonic(), time.process_time()
    for file in order["files"]:
        anonymize_dicom_file(file, str(target / Path(file).name))
    return {"seconds": time.monotonic() - start, "cpu": time.process_time() - cpu}


if __name__ == "__main__":
    work(_anonymize)
