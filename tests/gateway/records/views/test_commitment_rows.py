"""What is owed to those who ask for commitment, and that what we keep is told to nobody but who sent it."""

from __future__ import annotations

from dataclasses import replace

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.views import commitment_rows
from support.records import QUIET, FakeClock, due, forwarded_case, new_instance, new_reply

WANTED = (("1.2.840.10008.5.1.4.1.1.4", "1.9.1"),)


def kept(database: Database, node: str, *uids: str) -> frozenset[str]:
    """Which of them this node may hear of."""
    with database.read() as session:
        return frozenset(commitment_rows.kept_from(session, node, uids))


def test_an_object_is_kept_for_those_who_sent_it(database: Database) -> None:
    """For each of two nodes that sent the same bytes, in one batch or later; for nobody else, and for no upload."""
    first, second = new_instance(1), new_instance(2)
    from_scanner = replace(second, sender="scanner")
    ledger.keep_instances(database, [first, second, from_scanner], QUIET)
    ledger.keep_instances(database, [replace(first, sender="")], QUIET)
    uids = first.sop_instance_uid, second.sop_instance_uid
    assert kept(database, "hospital-pacs", *uids) == set(uids)
    assert kept(database, "scanner", *uids) == {second.sop_instance_uid}
    assert kept(database, "other-pacs", *uids) == kept(database, "", *uids) == frozenset()
    ledger.keep_instances(database, [replace(first, sender="scanner")], QUIET)
    ledger.keep_instances(database, [replace(first, sender="scanner")], QUIET)
    assert kept(database, "scanner", *uids) == kept(database, "hospital-pacs", *uids) == set(uids)


def test_another_version_is_no_promise_about_the_first(database: Database) -> None:
    """Whoever sent either version of an object is told that it is kept: both are."""
    first = new_instance(1)
    ledger.keep_instances(database, [first, replace(first, sender="scanner", digest="f" * 64)], QUIET)
    for node in ("hospital-pacs", "scanner"):
        assert kept(database, node, first.sop_instance_uid) == {first.sop_instance_uid}


def test_an_object_of_a_reading_site_is_kept_for_that_node(database: Database, clock: FakeClock) -> None:
    """Also in a request about more objects than one statement may name; not when it was discarded."""
    forwarded_case(database, clock)
    number = ledger.keep_reply(database, new_reply())
    many = [f"1.8.{number}" for number in range(1200)]
    assert kept(database, "reading-site", *many, "1.9.1") == {"1.9.1"}
    assert kept(database, "hospital-pacs", "1.9.1") == frozenset()
    ledger.discard_reply(database, number, "lead", "not ours")
    assert kept(database, "reading-site", "1.9.1") == frozenset()


def test_what_waits_for_a_person_comes_first(database: Database, clock: FakeClock) -> None:
    """Then what is owed, the newest first, then what was told; numbers, and no UID."""
    for number in range(4):
        ledger.owe_result(database, ledger.NewOwed("pacs", "PACS", f"2.25.{number}", WANTED))
    clock.pass_seconds(2)
    ledger.park(database, due(database), "It does not take it.", "Look there.")
    ledger.advance(database, due(database), "REPORTED")
    with database.read() as session:
        shown = commitment_rows.newest(session)
    assert [(row.id, row.state, row.problem) for row in shown] == [
        (1, "OWED", "It does not take it."),
        (4, "OWED", ""),
        (3, "OWED", ""),
        (2, "REPORTED", ""),
    ]
    assert not any(uid in str(shown) for uid in ("1.9.1", "2.25."))
