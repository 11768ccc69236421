"""What the records know of objects that reading sites sent back."""

from __future__ import annotations

from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.database import Database
from gateway.records.identities.vault import Vault
from gateway.records.tables.cases import Case, PreparedInstance, Reply
from gateway.records.views import reply_rows
from support.records import (
    EVERYBODY,
    QUIET,
    FakeClock,
    forwarded_case,
    keep_identities,
    matched_case,
    new_instance,
    new_reply,
    sealed,
)

COORDINATOR = Viewer(1, "c", "c", "coordinator", "hospital")
STRANGER = Viewer(2, "s", "s", "coordinator", "south")


def _reply(database: Database, number: int = 1, **columns: object) -> int:
    reply_id = ledger.keep_reply(database, new_reply(number))
    with database.write("test") as session:
        row = session.get_one(Reply, reply_id)
        for name, value in columns.items():
            setattr(row, name, value)
    return reply_id


def test_an_object_is_seen_by_the_site_of_its_case(database: Database, clock: FakeClock) -> None:
    """In the list and alone; one of no case only by viewers of every site; those that are held come first."""
    case_id = forwarded_case(database, clock)
    of_case = _reply(database, 1, case_id=case_id, study_id=1)
    of_none = _reply(database, 2, problem="It fits nothing.", fix="Discard it.")
    with database.read() as session:
        assert [row.id for row in reply_rows.newest(session, EVERYBODY)] == [of_none, of_case]
        assert [row.id for row in reply_rows.newest(session, COORDINATOR)] == [of_case]
        assert reply_rows.newest(session, STRANGER) == []
        assert reply_rows.for_viewer(session, COORDINATOR, of_none) is None
        assert reply_rows.for_viewer(session, STRANGER, of_case) is None
        assert reply_rows.for_viewer(session, EVERYBODY, 99) is None
        row = reply_rows.for_viewer(session, COORDINATOR, of_case)
    assert row is not None
    assert (row.kind, row.case_id, row.returns_to) == ("Comprehensive SR", case_id, "")


def test_an_object_may_close_its_case_only_when_it_is_safe(database: Database, clock: FakeClock) -> None:
    """A complete report that is at the sender, of a case that still waits."""
    case_id = forwarded_case(database, clock)
    reply_id = _reply(database, case_id=case_id, study_id=1, state="RETURNED", is_report=True)

    def closes() -> bool:
        with database.read() as session:
            [row] = reply_rows.of_case(session, case_id)
            return row.closes

    assert not closes()
    with database.write("test") as session:
        session.get_one(Reply, reply_id).state = "CONFIRMED"
    assert closes()
    with database.read() as session:
        assert reply_rows.reported_cases(session, [case_id, 99]) == {case_id}
        assert reply_rows.reported_cases(session, [99]) == frozenset()
    with database.write("test") as session:
        session.get_one(Case, case_id).state = "REPORTED"
    assert not closes()


def test_an_object_says_where_it_goes(database: Database, clock: FakeClock) -> None:
    """The node that the step wrote into its row; empty while there is none."""
    case_id = forwarded_case(database, clock)
    reply_id = _reply(database, case_id=case_id, study_id=1, returns_to="archive")
    with database.read() as session:
        row = reply_rows.for_viewer(session, EVERYBODY, reply_id)
    assert row is not None
    assert row.returns_to == "archive"


def test_objects_of_one_study_may_refer_to_each_other(database: Database) -> None:
    """But not to one that a person discarded."""
    first = _reply(database, 1)
    _reply(database, 2)
    _reply(database, 3, state="DISCARDED")
    with database.read() as session:
        present = reply_rows.reply(session, first)
        assert reply_rows.siblings(session, present) == {"1.9.1", "1.9.2"}
        assert not reply_rows.has_twin(session, present)


def test_a_discarded_object_is_no_earlier_one(database: Database) -> None:
    """The corrected one takes its place."""
    first = _reply(database, 1)
    second = ledger.keep_reply(database, new_reply(1, digest="f" * 64))
    with database.read() as session:
        assert reply_rows.has_twin(session, reply_rows.reply(session, second))
    ledger.discard_reply(database, first, "lead", "wrong")
    with database.read() as session:
        assert not reply_rows.has_twin(session, reply_rows.reply(session, second))


def test_the_copy_of_another_patient_is_recognised(
    database: Database, clock: FakeClock, vault: Vault
) -> None:
    """A case without an identity is nobody's; a UID that was never sent is no copy."""
    keep_identities(database, sealed(vault, 1), sealed(vault, 2))
    case_id = matched_case(database, clock)
    with database.write("test") as session:
        session.get_one(Case, case_id).identity_id = 1
        session.add(
            PreparedInstance(
                case_id=case_id,
                instance_id=1,
                sop_class_uid="1.2.840.10008.5.1.4.1.1.4",
                sop_instance_uid="2.25.77",
                transfer_syntax_uid="1.2.840.10008.1.2.1",
                blob="prepared/1.dcm",
            )
        )
    with database.read() as session:
        assert not reply_rows.of_other_patients(session, ["2.25.77"], 1)
        assert reply_rows.of_other_patients(session, ["2.25.1", "2.25.77"], 2)
        assert reply_rows.of_other_patients(session, ["2.25.77"], None)
        assert not reply_rows.of_other_patients(session, ["2.25.1"], 2)


def test_an_original_that_comes_back_is_recognised(sqlite: Database) -> None:
    """What was received under this UID never comes from a reading site that keeps to the rules."""
    ledger.keep_instance(sqlite, new_instance(), QUIET)
    with sqlite.read() as session:
        assert reply_rows.is_original(session, "1.2.3.1.1")
        assert not reply_rows.is_original(session, "1.2.3.1.2")
