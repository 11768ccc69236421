"""Commands on programs that call with a token."""

from __future__ import annotations

import json

from gateway.records.credentials import DEFAULT_LIFETIME, TOKEN
from support.command_line import Command, command

__all__ = ["command"]


def test_a_token_is_printed_once_listed_without_it_and_revoked(command: Command) -> None:
    """The life of a token on the command line."""
    command("init", ".")
    code, said = command("clients", "add", "script", "--scope", "stow", "--site", "north", "--days", "30")
    printed = TOKEN.search(said)
    assert code == 0
    assert printed
    token = printed[0]
    listed = command("clients", "list", "--json")[1]
    assert token not in listed
    [row] = json.loads(listed)
    assert (row["name"], row["state"], row["scopes"], row["site"]) == ("script", "in force", "stow", "north")
    assert command("clients", "revoke", "script")[0] == 0
    assert json.loads(command("clients", "list", "--json")[1])[0]["state"] == "revoked"


def test_a_token_is_for_a_node_that_is_there(command: Command) -> None:
    """A misspelt node is refused at once, not at its first object."""
    command("init", ".")
    assert command("clients", "add", "pacs", "--scope", "stow", "--node", "nowhere")[0] == 1
    assert command("clients", "add", "pacs", "--scope", "all", "--site", "north")[0] == 1
    assert command("clients", "add", "pacs", "--site", "north")[0] == 2, "without a scope"
    assert command("clients", "revoke", "pacs")[0] == 1


def test_the_days_of_the_help_are_those_of_the_records() -> None:
    """The command says them before the records are loaded."""
    from gateway.cli import clients

    assert DEFAULT_LIFETIME.days == clients.DAYS
