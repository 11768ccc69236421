"""The gateway a command works on is the one its settings name; who gives the command can be told in the audit trail."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest

from gateway.cli.own_gateway import opened, who, whole_gateway
from gateway.errors import GatewayError
from support.command_line import Command, command

__all__ = ["command"]


def test_the_records_are_those_of_the_settings(command: Command, tmp_path: Path) -> None:
    """Not of the folder the command is given in."""
    assert command("init", tmp_path / "one")[0] == 0
    gateway = opened(tmp_path / "one" / "gateway.toml")
    try:
        assert (tmp_path / "one") in gateway.settings.storage.keys.resolve().parents
        with gateway.database.read():
            pass
    finally:
        gateway.database.close()


def test_settings_that_are_not_there_are_said_with_the_fix(tmp_path: Path) -> None:
    """No gateway is made up in their place."""
    with pytest.raises((GatewayError, OSError)):
        opened(tmp_path / "nothing.toml")
    assert list(tmp_path.iterdir()) == []


def test_the_audit_trail_can_tell_who_gave_the_command() -> None:
    """The account of the operating system; it sees cases of every site."""
    assert who() == f"command line ({getpass.getuser()})"
    assert whole_gateway().site == ""
