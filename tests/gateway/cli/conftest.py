"""What the tests of commands on files share."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.demo.phantom import phantom_study


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A folder with a small phantom study."""
    folder = tmp_path / "study"
    folder.mkdir()
    for number, dataset in enumerate(phantom_study(date(2026, 2, 2), small=True)):
        dataset.save_as(folder / f"{number}.dcm", enforce_file_format=True)
    return folder
