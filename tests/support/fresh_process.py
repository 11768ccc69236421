"""A Python that has imported nothing yet: what a program imports there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_TELL = """
import sys
sys.stderr.write("\\n".join(["", *(name for name, module in sys.modules.items() if module is not None)]))
"""


def imported_by(
    program: str, environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> set[str]:
    """Every module that is there when `program` has come to its end; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", program + _TELL],
        env={**os.environ, **(environ or {}), "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines())


def loaded(packages: tuple[str, ...], modules: set[str]) -> list[str]:
    """Which of these packages are among the modules."""
    return [package for package in packages if package in modules]
