"""Kitware's dicom-anonymizer, in a throw-away environment: `.venv/bench`, made from the hashes in requirements.lock.

The product neither depends on it nor shares a version with it. Without a network the row says so, and that is all.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCK = HERE / "requirements.lock"
FOLDER = HERE.parents[1] / ".venv" / "bench"
_PYTHON = FOLDER / "bin" / "python"
_STAMP = FOLDER / "installed-by-bench"
_INSTALL_S = 300


class NotInstalled(LookupError):
    """The environment could not be made."""


def version() -> str:
    """The pinned version."""
    found = re.search(r"^dicom-anonymizer==(\S+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def python() -> Path:
    """The Python that has dicom-anonymizer, installed now if need be. Raises NotInstalled."""
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if _STAMP.exists() and _STAMP.read_text(encoding="ascii") == wanted and _PYTHON.exists():
        return _PYTHON
    shutil.rmtree(FOLDER, ignore_errors=True)
    pip = ["-m", "pip", "install", "-qq", "--disable-pip-version-check", "--retries", "1"]
    try:
        _run([sys.executable, "-m", "venv", str(FOLDER)])
        _run([str(_PYTHON), *pip, "--require-hashes", "--requirement", str(LOCK)])
    except (OSError, subprocess.SubprocessError) as error:
        last = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1:]
        raise NotInstalled(f"not installed, no network? {' '.join(last)[:120]}") from None
    _STAMP.write_text(wanted, encoding="ascii")
    return _PYTHON


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=_INSTALL_S)
