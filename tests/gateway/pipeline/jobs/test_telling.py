"""Contacts are told by real mail and a real webhook: without any identity, again when it failed, along the chain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from gateway.contacts import Contact, Contacts, SiteContacts, Step
from gateway.pipeline.jobs.telling import SUBJECTS, TEXTS, tell_contacts
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.migrations import schema
from gateway.records.tables.cases import Case
from gateway.records.tables.critical import ContactMessage, CriticalResult
from gateway.settings import Settings
from support.critical import reader, signed, waiting_case
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


def settings(mail_port: int = 0) -> Settings:
    """A mail server, if any, and how people reach the pages."""
    notify: dict[str, Any] = {"link": "https://gateway.example", "timeout": 5}
    if mail_port:
        notify |= {
            "mail_host": "127.0.0.1",
            "mail_port": mail_port,
            "mail_starttls": False,
            "mail_from": "gw@example.org",
        }
    return Settings.model_validate({"notify": notify})


def contacts(mail: str = "", url: str = "", readers: tuple[Contact, ...] = ()) -> Contacts:
    """One step for the hospital."""
    ward = Contact("Ward", mail, url, "secret" if url else "")
    return Contacts(readers, {"hospital": SiteContacts((Step(timedelta(minutes=30), (ward,)),))})


def test_mail_and_webhook_say_that_there_is_something_and_no_more(
    database: Database, clock: FakeClock
) -> None:
    """Neither pseudonym nor date nor level; a link that needs a sign-in; each is sent once."""
    case_id = signed(database, clock, reader(database), {"suspicion": "4", "narrative": "PML is likely."})
    with database.write("test") as session:
        case = session.get_one(Case, case_id)
        case.pseudonym, case.shifted_study_date = "PML-SECRET", "20260201"
    with mail_server() as post, webhook() as hook:
        told = contacts("ward@north.example", f"http://127.0.0.1:{hook.port}/calls")
        for _ in range(2):
            tell_contacts(database, settings(post.port), told)
        [mail], [body] = post.mails, hook.posts
    assert (mail["To"], mail["Subject"]) == ("ward@north.example", "PML gateway: a critical result")
    assert hook.tokens == ["Bearer secret"]
    assert body.keys() == {"id", "kind", "text", "link", "at"}
    assert body["link"] == "https://gateway.example/critical/1"
    for text in (mail.get_content(), str(body)):
        assert "https://gateway.example/critical/1" in text
        for secret in ("PML-SECRET", "2026-02", "20260201", "level", "likely", "hospital", "suspected"):
            assert secret not in text, secret
    with database.read() as session:
        assert all(row.sent_at == clock.time for row in session.exec(select(ContactMessage)))


def test_a_dead_mail_server_holds_up_neither_webhook_nor_chain(database: Database, clock: FakeClock) -> None:
    """What failed says why and goes out when the server is back."""
    signed(database, clock, reader(database), {"suspicion": "3"})
    with webhook() as hook:
        told = contacts("ward@north.example", f"http://127.0.0.1:{hook.port}/calls")
        tell_contacts(database, settings(free_port()), told)
        assert len(hook.posts) == 1
        with database.read() as session:
            [row] = session.exec(select(ContactMessage).where(ContactMessage.channel == "mail")).all()
        assert (row.sent_at, "did not take the message" in row.problem) == (None, True)
        clock.pass_seconds(1800)
        with mail_server() as post:
            tell_contacts(database, settings(post.port), told)
            assert [mail["Subject"] for mail in post.mails] == ["PML gateway: a critical result"]
        with database.read() as session:
            assert session.get_one(CriticalResult, 1).chain_ended_at == clock.time


def test_a_contact_that_is_gone_from_the_settings_is_dropped(database: Database, clock: FakeClock) -> None:
    """Its message says so; the next step goes on."""
    signed(database, clock, reader(database), {"suspicion": "3"})
    ledger.ring_chains(database, contacts("ward@north.example").chain)
    tell_contacts(database, settings(), Contacts())
    with database.read() as session:
        [row] = session.exec(select(ContactMessage)).all()
    assert (row.dropped_at, row.sent_at) == (clock.time, None)


def test_readers_are_told_of_a_new_urgent_case(database: Database, clock: FakeClock) -> None:
    """By the same sender; the page is the case's."""
    waiting_case(database, clock, referral="suspected_pml")
    with webhook() as hook:
        room = Contact("Room", webhook=f"http://127.0.0.1:{hook.port}")
        for _ in range(2):
            tell_contacts(database, settings(), Contacts((room,)))
        [body] = hook.posts
    assert (body["text"], body["link"]) == (TEXTS["urgent case"], "https://gateway.example/cases/1")


def test_every_kind_has_its_words() -> None:
    """The same for every patient."""
    assert TEXTS.keys() == SUBJECTS.keys()


@pytest.mark.parametrize("token", ["grün ✓", "two\nlines"])
def test_a_token_that_no_header_can_have_holds_up_nobody(
    database: Database, clock: FakeClock, token: str
) -> None:
    """Its message says so, and the next contact is told."""
    signed(database, clock, reader(database), {"suspicion": "3"})
    with webhook() as hook:
        url = f"http://127.0.0.1:{hook.port}"
        both = Contact("Bad", webhook=url, token=token), Contact("Good", webhook=url)
        chain = Contacts((), {"hospital": SiteContacts((Step(timedelta(minutes=30), both),))})
        tell_contacts(database, settings(), chain)
        assert len(hook.posts) == 1
    with database.read() as session:
        rows = session.exec(select(ContactMessage)).all()
    assert {row.contact: row.sent_at is not None for row in rows} == {"Bad": False, "Good": True}


def test_a_redirection_tells_nobody(database: Database, clock: FakeClock) -> None:
    """A page that asks for a sign-in would answer 200: the message counts as unsent."""
    signed(database, clock, reader(database), {"suspicion": "3"})
    with webhook() as hook:
        hook.status = 302
        tell_contacts(database, settings(), contacts(url=f"http://127.0.0.1:{hook.port}"))
    with database.read() as session:
        [row] = session.exec(select(ContactMessage)).all()
    assert (row.sent_at, row.problem) == (None, "The webhook answered HTTP 302.")
