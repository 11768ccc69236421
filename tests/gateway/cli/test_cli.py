"""The command line as a whole: exit status 0 done, 1 refused or failed, 2 wrong usage, and no trace of the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.reporting.example import phantom_report
from support.command_line import Command, command

__all__ = ["command"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["cases", "show", "99"], 1),
        (["cases", "retry", "99"], 1),
        (["nodes", "echo", "nobody"], 1),
        (["send", "nothing-here", "--to", "hospital-pacs"], 1),
        (["rules", "check", "none.yaml"], 1),
        (["users", "add", "x", "--role", "king", "--password-file", "password"], 1),
        (["serve", "--role", "king"], 2),
        (["serve", "--no-such-option"], 2),
        (["no-such-command"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_refusal_has_its_status_and_no_trace(
    command: Command, tmp_path: Path, arguments: list[str], expected: int
) -> None:
    """1 for what cannot be done, 2 for wrong usage; a person reads a sentence, not a traceback."""
    command("init", ".")
    (tmp_path / "password").write_text("a long password")
    code, said = command(*arguments)
    assert code == expected, said
    assert "Traceback" not in said
    assert said.strip()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["report", "render", "nowhere.json", "--evidence", "study", "--out", "out.dcm"], "nowhere.json"),
        (["report", "render", "none.json", "--evidence", "study", "--out", "out.dcm"], "none.json"),
        (["report", "render", "empty.json", "--evidence", "study", "--out", "out.dcm"], "empty.json"),
        (["report", "render", "report.json", "--evidence", "study", "--out", "no/out.dcm"], "no/out.dcm"),
        (["users", "add", "x", "--role", "reader", "--site", "a", "--password-file", "nowhere"], "nowhere"),
        (["init", "report.json"], "report.json"),
        (["deidentify", "study", "copies", "--manifest", "report.json/manifest.json"], "report.json"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_file_that_cannot_be_used_is_named_without_a_trace(
    command: Command, study: Path, tmp_path: Path, arguments: list[str], named: str
) -> None:
    """Not there, not writable, or not what it should be: exit status 1, and a line that names the file."""
    (tmp_path / "report.json").write_text(phantom_report(prior_study_date=None).model_dump_json())
    (tmp_path / "none.json").write_text("{")
    (tmp_path / "empty.json").write_text("{}")
    code, said = command(*arguments)
    assert code == 1
    assert named in said
    assert "Traceback" not in said


def test_a_form_that_a_report_does_not_have_is_wrong_usage(
    command: Command, study: Path, tmp_path: Path
) -> None:
    """Exit status 2, and the forms that there are."""
    (tmp_path / "report.json").write_text(phantom_report(prior_study_date=None).model_dump_json())
    code, said = command(
        "report", "render", "report.json", "--evidence", study, "--out", "o", "--as", "letter"
    )
    assert code == 2
    assert "enhanced, comprehensive, basic, pdf" in said


def test_an_error_that_nobody_expected_keeps_its_trace(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Only errors that say what to do are made short: of any other, developers need all there is."""

    def fail(_folder: Path, **_more: bool) -> None:
        raise OSError("a fault that names no file")

    monkeypatch.setattr("gateway.service.scaffold.init", fail)
    with pytest.raises(OSError, match="names no file"):
        command("init", ".")
