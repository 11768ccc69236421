"""Commands on accounts."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import NotAllowed
from gateway.records import ledger
from gateway.records.accounts import Whence
from gateway.records.database import Database
from support.command_line import Command, command
from support.records import PASSWORD, audit_events

__all__ = ["command"]

HOUR = timedelta(hours=1)


@pytest.fixture
def users(command: Command, tmp_path: Path) -> Command:
    """A gateway with an administrator, a reader of every site and a file with a password."""
    command("init", ".")
    (tmp_path / "password").write_text(PASSWORD + "\n")
    for login, role in (("olga", "admin"), ("ana", "reader")):
        assert (
            command("users", "add", login, "--role", role, "--every-site", "--password-file", "password")[0]
            == 0
        )
    return command


def listed(users: Command, name: str = "") -> Any:
    """What `users list`, or `users sessions NAME`, tells a script."""
    return json.loads(users("users", *(("sessions", name) if name else ("list",)), "--json")[1])


def database(folder: Path) -> Database:
    """Its records."""
    return Database(f"sqlite:///{folder}/gateway-data/gateway.sqlite")


def test_accounts_are_listed_with_what_they_may_and_how_they_signed_in(
    users: Command, tmp_path: Path
) -> None:
    """Last sign-in and open sessions among it; no hash."""
    with closing(database(tmp_path)) as records:
        ledger.sign_in(records, "ana", PASSWORD, HOUR, Whence("192.0.2.7", "Firefox on Linux"))
    by_login = {row["login"]: row for row in listed(users)}
    assert (by_login["ana"]["role"], by_login["ana"]["site"], by_login["ana"]["sessions"]) == (
        "reader",
        "every site",
        1,
    )
    assert by_login["ana"]["last_sign_in"]
    assert by_login["olga"]["last_sign_in"] is None
    assert "argon2" not in users("users", "list")[1]
    [session] = listed(users, "ana")
    assert (session["address"], session["device"]) == ("192.0.2.7", "Firefox on Linux")
    assert users("users", "end-sessions", "ana") == (0, "Ended 1 sessions of ana.\n")
    assert listed(users, "ana") == []


def test_a_login_is_taken_once_and_no_site_is_open_by_default(users: Command) -> None:
    """Before anybody types a password."""
    add = ("users", "add", "ben", "--role")
    for more in (("reader",), ("coordinator",), ("coordinator", "--every-site"), ("admin",)):
        code, said = users(*add, *more)
        assert code == 1
        assert "--site SITE" in said
    assert users(*add, "reader", "--site", "north", "--password-file", "password")[0] == 0
    assert users(*add, "reader", "--site", "north", "--password-file", "password")[0] == 1


def test_an_account_is_disabled_and_enabled(users: Command, tmp_path: Path) -> None:
    """Who gave the command stands in the trail."""
    assert users("users", "disable", "ana")[0] == 0
    assert {row["login"]: row["state"] for row in listed(users)} == {"ana": "disabled", "olga": "enabled"}
    with closing(database(tmp_path)) as records:
        with pytest.raises(NotAllowed):
            ledger.sign_in(records, "ana", PASSWORD, HOUR)
        assert users("users", "enable", "ana")[0] == 0
        ledger.sign_in(records, "ana", PASSWORD, HOUR)
        [event] = audit_events(records, "account disabled")
    assert event.who.startswith("command line (")


def test_the_last_administrator_stays(users: Command) -> None:
    """Disabled, another role, another site: refused with what to do first."""
    for how in (("disable", "olga"), ("set", "olga", "--role", "lead"), ("set", "olga", "--site", "north")):
        code, said = users("users", *how)
        assert (code, "last administrator" in said, "--every-site" in said) == (1, True, True)


def test_role_and_site_are_changed_and_what_is_not_named_stays(users: Command) -> None:
    """A site replaces every site, and the other way round."""
    steps = [
        (("--role", "lead"), ("lead", "every site")),
        (("--site", "north"), ("lead", "north")),
        (("--role", "coordinator"), ("coordinator", "north")),
        (("--role", "reader", "--every-site"), ("reader", "every site")),
    ]
    for options, wanted in steps:
        assert users("users", "set", "ana", *options)[0] == 0
        [row] = [row for row in listed(users) if row["login"] == "ana"]
        assert (row["role"], row["site"]) == wanted
    assert users("users", "set", "ana", "--role", "coordinator")[0] == 1
    assert users("users", "set", "ana")[0] == 1


def test_a_link_sets_a_new_password(users: Command, tmp_path: Path) -> None:
    """Its secret is behind the #: no server and no proxy sees it in an address."""
    code, said = users("users", "reset", "ana")
    assert code == 0
    address, _, secret = said.splitlines()[0].partition("#")
    assert address == "http://127.0.0.1:8080/reset"
    with closing(database(tmp_path)) as records:
        assert ledger.use_reset_link(records, secret, "another long one") == "ana"
        ledger.sign_in(records, "ana", "another long one", HOUR)


@pytest.mark.parametrize("what", ["disable", "enable", "reset", "sessions", "end-sessions"])
def test_nobody_is_named_with_what_helps(users: Command, what: str) -> None:
    """For each command."""
    code, said = users("users", what, "nobody")
    assert (code, "gateway users list" in said) == (1, True)
