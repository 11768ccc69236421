"""The command line as a whole: exit status 0 done, 1 refused or failed, 2 wrong usage, and no trace of the program."""

from __future__ import annotations

from pathlib import Path

import pytest

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
