"""Bytes, accounts and the audit trail."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.errors import Conflict, GatewayError, NotAllowed
from gateway.records import accounts, audit, ledger
from gateway.records.blobs import LocalBlobs
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.migrations import schema
from gateway.records.tables.service import AuditEvent
from support.records import PASSWORD, FakeClock, reader

HOUR = timedelta(hours=1)


def test_bytes_come_back_and_leave_no_temporary_file(tmp_path: Path) -> None:
    """What was put is got, and the folder holds nothing else."""
    blobs = LocalBlobs(tmp_path)
    blobs.put("a/b/c.dcm", b"bytes")
    blobs.put("a/b/c.dcm", b"bytes")
    assert blobs.get("a/b/c.dcm") == b"bytes"
    assert list(blobs.keys("a")) == ["a/b/c.dcm"]
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["c.dcm"]


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a//b", "a/.hidden", ""])
def test_a_key_cannot_leave_the_folder(tmp_path: Path, key: str) -> None:
    """Keys with empty, absolute or dotted parts are refused."""
    with pytest.raises(ValueError, match="not a key"):
        LocalBlobs(tmp_path).put(key, b"")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the file system from now on, in order."""
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace

    def spy_fsync(descriptor: int) -> None:
        calls.append("sync " + ("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file"))
        fsync(descriptor)

    def spy_replace(source: Path, target: Path) -> None:
        calls.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(os, "replace", spy_replace)
    return calls


def test_a_file_is_synced_before_it_has_its_name(tmp_path: Path, calls: list[str]) -> None:
    """The order that survives power loss: sync the bytes, rename, sync the folder."""
    blobs = LocalBlobs(tmp_path)
    blobs.put("a/first", b"1")
    calls.clear()
    blobs.put("a/second", b"2")
    assert calls == ["sync file", "rename", "sync folder"]


def test_a_batch_is_synced_before_any_of_it_has_its_name(tmp_path: Path, calls: list[str]) -> None:
    """Every file first, then the names, then their folder, once; a key put twice is what was put last."""
    blobs = LocalBlobs(tmp_path)
    blobs.put("a/old", b"0")
    calls.clear()
    with blobs.batch() as batch:
        for number in (1, 2, 3, 3):
            batch.put(f"a/{number}", b"x" * number)
        assert list(blobs.keys("a")) == ["a/old"]
    assert calls == ["sync file"] * 3 + ["rename"] * 3 + ["sync folder"]
    assert [blobs.get(f"a/{number}") for number in (1, 2, 3)] == [b"x", b"xx", b"xxx"]


def test_a_batch_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Neither files nor halves of files, whatever went wrong."""
    blobs = LocalBlobs(tmp_path)
    with pytest.raises(OSError, match="full"), blobs.batch() as batch:  # noqa: PT012
        batch.put("a/1", b"1")
        raise OSError("the disk is full")
    assert list((tmp_path / "a").iterdir()) == []


def test_the_audit_chain_finds_a_changed_event(database: Database) -> None:
    """Changing an old event breaks the chain at that event."""
    for number in range(3):
        with database.write("test") as session:
            audit_trail.append(session, database.now(session), "ana", f"act {number}", "case 1")
    with database.read() as session:
        assert audit.verify(session) is None
    with database.write("test") as session:
        event = session.get_one(AuditEvent, 2)
        event.action = "something else"
    with database.read() as session:
        assert audit.verify(session) == 2


class TestAccounts:
    """Signing in."""

    def test_the_right_password_opens_a_session_that_ends(self, database: Database, clock: FakeClock) -> None:
        """The token tells who it is until its lifetime is over."""
        reader(database)
        token, viewer = ledger.sign_in(database, "ana", PASSWORD, HOUR)
        assert accounts.session_of(database, token) == viewer
        clock.pass_seconds(3601)
        assert accounts.session_of(database, token) is None

    def test_signing_out_ends_the_session(self, database: Database) -> None:
        """The token is worth nothing afterwards."""
        reader(database)
        token, _ = ledger.sign_in(database, "ana", PASSWORD, HOUR)
        ledger.sign_out(database, token)
        assert accounts.session_of(database, token) is None

    def test_unknown_login_and_wrong_password_look_the_same(self, database: Database) -> None:
        """The message does not tell which logins exist."""
        reader(database)
        messages = set()
        for login in ("ana", "nobody"):
            with pytest.raises(NotAllowed) as refused:
                ledger.sign_in(database, login, "wrong", HOUR)
            messages.add(str(refused.value))
        assert len(messages) == 1

    def test_guessing_locks_the_account_for_a_while(self, database: Database, clock: FakeClock) -> None:
        """After five wrong passwords even the right one is refused, for fifteen minutes."""
        reader(database)
        for _ in range(accounts.FAILURES_TO_LOCK):
            with pytest.raises(NotAllowed):
                ledger.sign_in(database, "ana", "wrong", HOUR)
        with pytest.raises(NotAllowed):
            ledger.sign_in(database, "ana", PASSWORD, HOUR)
        clock.pass_seconds(15 * 60 + 1)
        ledger.sign_in(database, "ana", PASSWORD, HOUR)

    def test_guessing_at_the_signature_locks_too(self, database: Database) -> None:
        """A stolen session cannot try passwords without limit: even the right one is refused then."""
        ana = reader(database)
        ledger.check_password(database, ana, PASSWORD)
        for _ in range(accounts.FAILURES_TO_LOCK):
            with pytest.raises(NotAllowed):
                ledger.check_password(database, ana, "wrong")
        with pytest.raises(NotAllowed, match="locked"):
            ledger.check_password(database, ana, PASSWORD)

    def test_a_short_password_an_unknown_role_and_a_taken_login_are_refused(self, database: Database) -> None:
        """Each with its fix."""
        with pytest.raises(GatewayError, match="at least"):
            ledger.add_user(database, "x", "", "reader", "", "short")
        with pytest.raises(GatewayError, match="role"):
            ledger.add_user(database, "x", "", "king", "", PASSWORD)
        reader(database)
        with pytest.raises(Conflict):
            reader(database)


def test_the_revisions_make_the_tables_of_the_code(database: Database) -> None:
    """alembic check finds no difference, on either database."""
    schema.differences(database)
    assert schema.is_current(database)
