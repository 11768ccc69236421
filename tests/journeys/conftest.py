"""The systems of each journey: hospital, reading site and a gateway of real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.demo.demo_systems import DemoSystems
from support.journeys import FAST


@pytest.fixture
def systems(tmp_path: Path) -> Iterator[DemoSystems]:
    """Everything started, on SQLite."""
    with DemoSystems(tmp_path, FAST) as started:
        yield started
