"""Commands on cases and accounts."""

from __future__ import annotations

import json
from pathlib import Path

from support.command_line import Command, command

__all__ = ["command"]


def test_accounts_and_cases(command: Command, tmp_path: Path) -> None:
    """An account is added once; an empty gateway lists no cases."""
    command("init", ".")
    (tmp_path / "password").write_text("a long password\n")
    add = ("users", "add", "ana", "--role", "reader", "--password-file", "password")
    assert command(*add)[0] == 0
    assert command(*add)[0] == 1
    code, listed = command("cases", "list", "--json")
    assert (code, json.loads(listed)) == (0, [])
