"""What the tests of arriving objects share: a folder that has a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.records.database import Database
from gateway.records.migrations import schema


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the gateway keeps everything."""
    schema.upgrade(Database(f"sqlite:///{tmp_path}/t.sqlite"))
    return tmp_path
