"""The engine in this thread, on SQLite and on a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.engine import Bench, bench


@pytest.fixture
def pipeline(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """Everything with the shipped profile."""
    with bench(tmp_path, url=database_url) as made:
        yield made
