"""The worker seals, anchors and sends the trail; what the repository does not take waits in order, none is lost."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from sqlmodel import select

from gateway.pipeline.jobs import trail
from gateway.records.audit import anchors, syslog, verification
from gateway.records.audit.syslog import Unconfirmed
from gateway.records.audit.verification import Proof
from gateway.records.database import Database
from gateway.records.identities import audit_keys
from gateway.records.ledger import audit_trail
from gateway.records.tables.administration import Channel, Notice
from gateway.settings import Settings
from support.crashes import killed_at
from support.empty_records import newest
from support.judges.audit_message import misfits
from support.nodes.certificates import Authority
from support.nodes.syslog_server import free_port, rsyslogd
from support.records import FakeClock, audit_events

HEAD = re.compile(
    r"<85>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 \S+ pml-gateway \d+ DICOM\+RFC3881 "
    r'\[meta sequenceId="(\d+)"\] \ufeff(<AuditMessage>.*)'
)


@pytest.fixture
def clock() -> FakeClock:
    """The time of the records."""
    return FakeClock()


@pytest.fixture
def records(tmp_path: Path, clock: FakeClock) -> Iterator[Database]:
    """An empty database."""
    database = Database(f"sqlite:///{tmp_path}/records.sqlite", clock)
    newest(database)
    yield database
    database.close()


def settings_of(tmp_path: Path, **audit: object) -> Settings:
    """Keys and objects in a folder of their own."""
    storage = {"keys": tmp_path / "keys", "objects": tmp_path / "data" / "objects"}
    return Settings.model_validate({"storage": storage, "audit": audit})


def write(database: Database, number: int, first: int = 0) -> None:
    """Rows that nobody has sealed yet."""
    for one in range(first, first + number):
        with database.write("test") as session:
            now = database.now(session)
            audit_trail.append(
                session, now, "ana ä", "case parked", f"case {one}", {"why": "no"}, address="::1"
            )


def channel(database: Database) -> Channel:
    """How far it has come."""
    with database.read() as session:
        return session.exec(select(Channel)).one()


def test_without_a_key_nothing_is_lost_and_people_are_told(records: Database, tmp_path: Path) -> None:
    """Once a day; with the key everything is sealed."""
    settings = settings_of(tmp_path)
    write(records, 2)
    trail.seal(records, settings)
    trail.seal(records, settings)
    with records.read() as session:
        [notice] = session.exec(select(Notice)).all()
    assert "gateway audit init-key" in notice.text
    audit_keys.make(settings.storage.keys)
    trail.seal(records, settings)
    assert [event.place for event in audit_events(records)] == [1, 2, 3]


def test_the_head_is_written_outside_and_told(records: Database, tmp_path: Path) -> None:
    """Not again while nothing else came."""
    settings = settings_of(tmp_path)
    audit_keys.make(settings.storage.keys)
    write(records, 1)
    for _ in range(3):
        trail.seal(records, settings)
        trail.anchor(records, settings)
    assert len(audit_events(records, "trail anchored")) == 1
    assert len(trail.anchor_file(settings).read_text().splitlines()) == 1


@pytest.mark.rsyslog
def test_a_real_server_gets_every_row_in_order(records: Database, clock: FakeClock, tmp_path: Path) -> None:
    """By TLS with certificates on both sides; while it is away rows wait, and people are told when that lasts."""
    authority = Authority(tmp_path)
    own, port = authority.settings("gateway"), free_port()
    settings = settings_of(
        tmp_path,
        syslog=f"tls://127.0.0.1:{port}",
        syslog_ca=own.ca,
        syslog_certificate=own.certificate,
        syslog_key=own.key,
        source="gateway-north",
    )
    audit_keys.make(settings.storage.keys)
    write(records, 3)
    trail.seal(records, settings)
    trail.send(records, settings)
    assert (channel(records).told, channel(records).attempts) == (0, 1)
    clock.pass_seconds(4000)
    trail.send(records, settings)
    with records.read() as session:
        [notice] = session.exec(select(Notice)).all()
    assert "cannot be reached" in notice.text
    clock.pass_seconds(4000)
    with rsyslogd(tmp_path / "first", authority, port) as server:
        trail.send(records, settings)
        first = server.lines(4)
    assert channel(records).told == 4
    write(records, 250, 3)
    trail.seal(records, settings)
    trail.send(records, settings)  # it is away again
    clock.pass_seconds(4000)
    with rsyslogd(tmp_path / "second", authority, port) as server:
        trail.send(records, settings)
        second = server.lines(250)
    heads = [HEAD.fullmatch(line) for line in first + second]
    assert all(heads)
    assert [int(head[1]) for head in heads if head] == list(range(1, 255))
    for head in heads:
        assert head is not None
        assert list(misfits(fromstring(head[2]))) == []


@pytest.mark.rsyslog
def test_a_server_of_another_authority_gets_nothing(
    records: Database, clock: FakeClock, tmp_path: Path
) -> None:
    """The problem names TLS and the settings."""
    port = free_port()
    settings = settings_of(
        tmp_path, syslog=f"tls://127.0.0.1:{port}", syslog_ca=Authority(tmp_path, "own").file
    )
    audit_keys.make(settings.storage.keys)
    write(records, 1)
    trail.seal(records, settings)
    with rsyslogd(tmp_path / "server", Authority(tmp_path, "other"), port) as server:
        trail.send(records, settings)
        assert server.lines(1, seconds=0.2) == []
    assert "TLS" in channel(records).problem
    assert "syslog_ca" in channel(records).fix


def test_a_server_on_this_machine_takes_datagrams(records: Database, tmp_path: Path) -> None:
    """One message each (RFC 5426)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        settings = settings_of(tmp_path, syslog=f"udp://127.0.0.1:{server.getsockname()[1]}")
        audit_keys.make(settings.storage.keys)
        write(records, 1)
        trail.seal(records, settings)
        trail.send(records, settings)
        assert [HEAD.fullmatch(server.recv(65_000).decode()) is not None for _ in range(2)] == [True, True]


POINTS = [
    f"{transaction}:{side}"
    for transaction in ("seal_trail", "note_anchor", "take_events", "events_sent")
    for side in ("before", "after")
]


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_is_killed_leaves_a_whole_chain(database_url: str, tmp_path: Path, point: str) -> None:
    """Its successor seals, anchors and sends on: the trail proves itself, and every row comes, in order."""
    clock = FakeClock()
    made = Database(database_url, clock)
    write(made, 3)
    made.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        settings = settings_of(tmp_path, syslog=f"udp://127.0.0.1:{server.getsockname()[1]}")
        audit_keys.make(settings.storage.keys)

        def work() -> Proof:
            database = Database(database_url, clock)
            try:
                for _ in range(2):
                    trail.seal(database, settings)
                    trail.anchor(database, settings)
                    trail.send(database, settings)
                keys = audit_keys.audit_keys(settings.storage.keys).keys
                kept = list(anchors.read(trail.anchor_file(settings)))
                with database.read() as session:
                    return verification.verify(session, keys, kept)
            finally:
                database.close()

        assert killed_at(point, tmp_path / "markers", work)
        clock.pass_seconds(trail.LEASE.total_seconds() + 1)
        told = work()
        assert (told.problem, told.waiting) == ("", 0)
        came: list[int] = []
        while not came or came[-1] != told.sealed:
            head = HEAD.fullmatch(server.recv(65_000).decode())
            assert head is not None
            came.append(int(head[1]))
    assert list(dict.fromkeys(came)) == list(range(1, told.sealed + 1))


def test_a_server_that_never_confirms_gets_the_next_rows_too(
    records: Database, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a few tries what reached its system counts, and people are told once."""
    came: list[int] = []

    def unconfirmed(_server: object, lines: list[bytes]) -> None:
        came.append(len(lines))
        raise Unconfirmed("It does not confirm.", "Let it.")

    monkeypatch.setattr(syslog, "send", unconfirmed)
    settings = settings_of(tmp_path, syslog="tls://127.0.0.1:6514")
    audit_keys.make(settings.storage.keys)
    write(records, 2)
    trail.seal(records, settings)
    for _ in range(trail.MOST_REPEATS + 1):
        trail.send(records, settings)
        clock.pass_seconds(100_000)
    assert channel(records).told == 3
    write(records, 1, 2)
    trail.seal(records, settings)
    trail.send(records, settings)
    assert (came, channel(records).told) == ([3] * (trail.MOST_REPEATS + 1) + [1], 4)
    with records.read() as session:
        told = [notice.text for notice in session.exec(select(Notice)).all()]
    assert told.count("It does not confirm. Let it.") == len(told)


@pytest.mark.parametrize("wrong", ["host:6514", "http://host", "tls://", "tls://host/path"])
def test_a_server_that_is_none_is_refused(wrong: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match="no syslog server"):
        Settings.model_validate({"audit": {"syslog": wrong}})
