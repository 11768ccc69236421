"""What dciodvfy of dicom3tools has against a copy that it has not against its original."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

_UID: Final = re.compile(r"(?:\d+\.){4,}\d+")
_VALUE: Final = re.compile(r"= <(?!99PMLGW)[^>]*>")  # another value that is wrong in the same way is no worse
TOLERATED: Final = {
    r"Warning - </PatientName\(0010,0010\)\[1\]> .*Retired Person Name form": "a pseudonym has one part",
    r"Warning - </StudyID\(0020,0010\)> .*needed to build DICOMDIR": "emptied by Table E.1-1 (Z)",
    r"Warning - </Laterality\(0020,0060\)> .*permitted to be empty": "unknown, where the body part went",
    r"Warning - .*CodingSchemeDesignator.*Unrecognized defined term = <99PMLGW>": "what no table knows is replaced",
    r"Warning - .*units Code Sequence is not UCUM = <99PMLGW>": "the same",
}
"""What every copy may have, and why."""


def new_complaints(original: Path, copy: Path) -> set[str]:
    """Errors and warnings of a copy that neither its original has nor is `TOLERATED`."""
    found = _complaints(copy) - _complaints(original)
    return {line for line in found if not any(re.match(pattern, line) for pattern in TOLERATED)}


def _complaints(path: Path) -> set[str]:
    done = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, check=False, timeout=60)
    lines = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    return {
        _VALUE.sub("= <>", _UID.sub("#", line)) for line in lines if line.startswith(("Error", "Warning"))
    }
