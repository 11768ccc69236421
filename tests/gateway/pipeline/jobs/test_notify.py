"""What needs a person is told by mail and webhook: once, in order, without an identity; a dead channel catches up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.pipeline.jobs import notify
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.notices import raise_notice
from gateway.records.migrations import schema
from gateway.records.views import notice_rows
from gateway.settings import Settings
from gateway.wrong_configuration import Fault, WrongConfiguration
from support.nodes.listeners import mail_server, webhook
from support.nodes.peers import free_port
from support.records import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """A clock that moves only when told to."""
    return FakeClock()


@pytest.fixture
def database(tmp_path: Path, clock: FakeClock) -> Iterator[Database]:
    """Empty records."""
    opened = Database(f"sqlite:///{tmp_path}/t.sqlite", clock)
    schema.upgrade(opened)
    yield opened
    opened.close()


def _settings(**notify_settings: Any) -> Settings:
    return Settings.model_validate(
        {"notify": {"link": "https://gateway.example/", "timeout": 5, **notify_settings}}
    )


def _mail_settings(port: int) -> Settings:
    return _settings(
        mail_host="127.0.0.1",
        mail_port=port,
        mail_starttls=False,
        mail_from="gw@example.org",
        mail_to="a@example.org",
    )


def test_a_file_that_cannot_be_used_is_told_once_a_day(database: Database, clock: FakeClock) -> None:
    """With its first fault and the fix, whichever process finds it and however often; again the next day."""
    wrong = WrongConfiguration(
        "nodes", Path("nodes.yaml"), (Fault("nodes.yaml:3: no port.", "Add it."),), None
    )
    notify.note_wrong(database, ())
    for after_s in (0, 30, 86_400):
        clock.pass_seconds(after_s)
        notify.note_wrong(database, (wrong,))
    with database.read() as session:
        told = notice_rows.newest(session)
    assert [(one.text, one.page) for one in told] == [
        (f"{wrong.told} nodes.yaml:3: no port. Add it.", "/nodes")
    ] * 2


def _raise(database: Database, number: int) -> None:
    with database.write("test") as session:
        raise_notice(
            session,
            database.now(session),
            f"case {number} parked",
            f"Case {number} needs a person.",
            f"/cases/{number}",
        )


def test_a_notice_is_mailed_once_with_its_link(database: Database) -> None:
    """Two replicas and a repeated event make one mail."""
    with mail_server() as heard:
        settings = _mail_settings(heard.port)
        notify.tell_due(database, settings)
        for _ in range(2):
            _raise(database, 7)
            notify.tell_due(database, settings)
    [mail] = heard.mails
    assert mail["Subject"] == "PML gateway: Case 7 needs a person."
    assert mail["To"] == "a@example.org"
    assert "https://gateway.example/cases/7" in mail.get_content()


def test_a_webhook_gets_json_with_its_token(database: Database) -> None:
    """Several notices come as one message, oldest first."""
    with webhook() as heard:
        settings = _settings(webhook_url=f"http://127.0.0.1:{heard.port}/hook", webhook_token="t")
        notify.tell_due(database, settings)
        _raise(database, 1)
        _raise(database, 2)
        notify.tell_due(database, settings)
    [post] = heard.posts
    assert [one["text"] for one in post["notices"]] == ["Case 1 needs a person.", "Case 2 needs a person."]
    assert heard.tokens == ["Bearer t"]


def test_a_new_channel_does_not_tell_the_past(database: Database) -> None:
    """Switching mail on a year later does not send a year of mails."""
    _raise(database, 1)
    with mail_server() as heard:
        notify.tell_due(database, _mail_settings(heard.port))
        notify.tell_due(database, _mail_settings(heard.port))
    assert heard.mails == []


@pytest.mark.parametrize("down", ["closed", "refusing"])
def test_a_channel_that_is_down_is_shown_and_catches_up(
    database: Database, clock: FakeClock, down: str
) -> None:
    """The other channel is told at once; this one after the back-off, and nothing is lost."""
    with mail_server() as mail, webhook() as hook:
        mail.status = 550
        both = _settings(
            mail_host="127.0.0.1",
            mail_port=free_port() if down == "closed" else mail.port,
            mail_starttls=False,
            mail_from="gw@example.org",
            mail_to="a@example.org",
            webhook_url=f"http://127.0.0.1:{hook.port}/",
        )
        notify.tell_due(database, both)
        _raise(database, 1)
        notify.tell_due(database, both)
        assert len(hook.posts) == 1
        with database.read() as session:
            [channel] = [one for one in notice_rows.channels(session) if one.name == "mail"]
        assert "did not take the message" in channel.problem
        assert channel.failing_since is not None
        mail.status = 200
        clock.pass_seconds(3600)
        notify.tell_due(database, _mail_settings(mail.port))
    assert len(mail.mails) == 1


def test_a_replica_that_died_while_telling_is_replaced(database: Database, clock: FakeClock) -> None:
    """The lease ends and the notice is told by another."""
    with mail_server() as heard:
        settings = _mail_settings(heard.port)
        notify.tell_due(database, settings)
        _raise(database, 1)
        assert ledger.take_notices(database, "mail", notify.LEASE) is not None
        notify.tell_due(database, settings)
        assert heard.mails == []
        clock.pass_seconds(notify.LEASE.total_seconds() + 1)
        notify.tell_due(database, settings)
    assert len(heard.mails) == 1
