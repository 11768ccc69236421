"""What the library of bytes costs whoever imports it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dicom_nodes.encoding

MODULES = sorted(path.stem for path in Path(dicom_nodes.encoding.__file__).parent.glob("[a-z]*.py"))
HEAVY = ("pydicom", "numpy", "pynetdicom", "socket")


def test_bytes_are_read_without_pydicom_numpy_or_network() -> None:
    """Every module of it, in a new process: a receiver that walks what comes in stays small."""
    assert "walk" in MODULES
    program = (
        f"import sys, {', '.join(f'dicom_nodes.encoding.{name}' for name in MODULES)}\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
