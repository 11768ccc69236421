"""A stage for each journey: hospital, reading site and a gateway of real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.demo.stage import Stage
from support.journeys import FAST


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Everything started, on SQLite."""
    with Stage(tmp_path, FAST) as started:
        yield started
