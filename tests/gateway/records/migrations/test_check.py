"""The check of the schema: silent when tables and revisions agree, and told what differs when not."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, Table

from gateway.records.migrations import check
from gateway.records.tables.columns import METADATA


def test_it_is_silent_when_they_agree(capsys: pytest.CaptureFixture[str]) -> None:
    """So that `./dev check` shows only what failed."""
    assert check.main() == 0
    assert capsys.readouterr().err == ""


def test_it_names_a_table_without_a_revision(capsys: pytest.CaptureFixture[str]) -> None:
    """And says where the revision belongs."""
    extra = Table("not_written_yet", METADATA, Column("id", Integer, primary_key=True))
    try:
        assert check.main() == 1
    finally:
        METADATA.remove(extra)
    told = capsys.readouterr().err
    assert "not_written_yet" in told
    assert "gateway/records/migrations/versions" in told
