"""What stayed here, for the case page: those it waits for first, with nothing that names a patient."""

from __future__ import annotations

from dataclasses import replace

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.step_record import NewHeldObject, NewManifest, StepRecord
from gateway.records.views.held_object_rows import HeldRow, held_object, held_objects_of, manifests
from support.records import QUIET, FakeClock, due, matched_case, new_instance

HELD = NewHeldObject(
    1, 5, "flair", "MR Image Storage", 1, "burned-in-annotation", "A problem.", "A fix.", True, True
)


def _held(database: Database, clock: FakeClock, *held: NewHeldObject) -> int:
    for number in range(1, 5):
        ledger.keep_instance(database, new_instance(number), QUIET)
    case_id = matched_case(database, clock)
    found = StepRecord(held=held, manifest=NewManifest(1, "d", "manifests/1.json"))
    ledger.park(database, due(database), "Decide.", "Look.", found)
    return case_id


def test_those_the_case_waits_for_come_first(sqlite: Database, clock: FakeClock) -> None:
    """Then by series, those without a number last, and by arrival."""
    case_id = _held(
        sqlite,
        clock,
        replace(HELD, instance_id=1, series_number=None, stops_case=False),
        replace(HELD, instance_id=2, series_number=7, stops_case=False),
        replace(HELD, instance_id=3, series_number=2, stops_case=False),
        replace(HELD, instance_id=4, series_number=9),
    )
    with sqlite.read() as session:
        assert [row.instance_id for row in held_objects_of(session, case_id)] == [4, 3, 2, 1]
    ledger.decide_held(sqlite, case_id, 4, ledger.LEFT_OUT, "lead", "a form")
    with sqlite.read() as session:
        assert [row.instance_id for row in held_objects_of(session, case_id)] == [3, 2, 4, 1]


def test_one_object_is_found_with_the_file_of_its_original(sqlite: Database, clock: FakeClock) -> None:
    """Only as its own case's."""
    case_id = _held(sqlite, clock, replace(HELD, instance_id=2))
    with sqlite.read() as session:
        found = held_object(session, case_id, 1)
        assert held_object(session, case_id + 1, 1) is None
        assert held_object(session, case_id, 2) is None
    assert found is not None
    row, blob = found
    assert (row.instance_id, blob) == (2, "received/2.dcm")


def test_a_row_has_no_field_for_an_identity() -> None:
    """Numbers, codes, names of classes, and who decided; neither UIDs nor anything of the header."""
    assert not [name for name in HeldRow.__dataclass_fields__ if "uid" in name or "patient" in name]


def test_manifests_are_listed_newest_first(sqlite: Database, clock: FakeClock) -> None:
    """Every one that was ever made; of another case none."""
    case_id = _held(sqlite, clock, HELD)
    ledger.retry(sqlite, "case", case_id, "ana")
    again = StepRecord(manifest=NewManifest(2, "e", "manifests/2.json"))
    ledger.park(sqlite, due(sqlite), "Decide.", "Look.", again)
    with sqlite.read() as session:
        assert [(row.generation, row.digest) for row in manifests(session, case_id)] == [(2, "e"), (1, "d")]
        assert manifests(session, case_id + 1) == ()
