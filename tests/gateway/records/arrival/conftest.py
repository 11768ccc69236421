"""What the tests of arriving objects share: a folder that has a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.records.database import Database
from support.empty_records import newest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the gateway keeps everything."""
    newest(Database(f"sqlite:///{tmp_path}/t.sqlite"))
    return tmp_path
