"""What the tests of commands on files share."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.demo.phantom import phantom_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small phantom study in two folders, with what lies beside images on a medium."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "more").mkdir()
    for number, dataset in enumerate(phantom_study(date(2026, 2, 2), small=True)):
        place = folder / "more" if number % 2 else folder
        dataset.save_as(place / f"{number:02}", enforce_file_format=True)
    (folder / "README.TXT").write_text("Images of a phantom")
    return folder
