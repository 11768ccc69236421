"""How commands read their settings and print."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from gateway.cli import terminal
from gateway.errors import GatewayError, SettingsError


@pytest.fixture(autouse=True)
def _root_logger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """In a folder of its own, and the logging of the tests as it was."""
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_plain_text_is_shown_as_it_is(text: str) -> None:
    """Whatever a file or another system names itself, nothing in it is mark-up."""
    if not text.endswith("\\"):  # rich takes a backslash at the end of everything for one that escapes
        assert Text.from_markup(terminal.plain(text), emoji=False).plain == text


def test_the_configuration_of_the_folder_is_used_when_none_is_named(tmp_path: Path) -> None:
    """gateway.toml here, the one that is named before it, and without any the defaults."""
    assert terminal.settings_of(None).dicom.ae_title == "GATEWAY"
    (tmp_path / "gateway.toml").write_text('[dicom]\nae_title = "HERE"\n')
    (tmp_path / "other.toml").write_text('[dicom]\nae_title = "OTHER"\n')
    assert terminal.settings_of(None).dicom.ae_title == "HERE"
    assert terminal.settings_of(Path("other.toml")).dicom.ae_title == "OTHER"


def test_a_configuration_that_is_not_there_is_no_default() -> None:
    """Who names a file means that file."""
    with pytest.raises(SettingsError):
        terminal.settings_of(Path("nowhere.toml"))


def test_a_failure_carries_problem_and_fix() -> None:
    """What the command line prints before it ends with 1."""
    with pytest.raises(GatewayError) as raised:
        terminal.fail("It does not fit.", "Turn it around.")
    assert (raised.value.problem, raised.value.fix) == ("It does not fit.", "Turn it around.")


def test_rows_are_json_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    """Every row and key; dates and times as text."""
    rows = [{"id": 1, "on": date(2026, 2, 2), "at": datetime(2026, 2, 2, 8, tzinfo=UTC), "[x]": None}]
    terminal.print_rows(rows, as_json=True)
    assert json.loads(capsys.readouterr().out) == [
        {"id": 1, "on": "2026-02-02", "at": "2026-02-02 08:00:00+00:00", "[x]": None}
    ]


def test_rows_are_a_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """With a heading for each column; an empty one says that there is nothing."""
    terminal.print_rows([{"name": "[bold]pacs", "port": 104}], as_json=False)
    said = capsys.readouterr().out
    assert "name" in said
    assert "[bold]pacs" in said
    terminal.print_rows([], as_json=False)
    assert "nothing here" in capsys.readouterr().out
