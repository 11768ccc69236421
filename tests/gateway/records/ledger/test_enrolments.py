"""The surveillance calendar's entries: written sealed, recognised by the worker, edited, ended."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import select

from gateway.errors import NotThere
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.records.database import Database
from gateway.records.identities import sealed_letters
from gateway.records.ledger.enrolments import (
    NewEnrolment,
    edit_enrolment,
    end_enrolment,
    enrol,
    keep_opened,
    note_unopened,
    publish_letterbox,
    sealed_enrolment,
    unopened_letters,
)
from gateway.records.tables.administration import LetterboxKey
from gateway.records.tables.studies import Enrolment, ForgottenPatient
from routing_rules.surveillance.enrolment_csv import EnrolmentRow
from routing_rules.surveillance.risk import JcvStatus
from routing_rules.surveillance.risk import PatientRisk as Risk
from routing_rules.surveillance.treatments import read_treatments
from support.records import FakeClock, audit_events

KEY = PseudonymKey(b"a" * 32, "a")
NO_RISK = Risk()


def _entry(
    label: str = "", site: str = "north", risk: Risk = NO_RISK, last: date | None = None
) -> NewEnrolment:
    return NewEnrolment(site, label, b"a letter", risk, last)


def _rows(database: Database) -> list[Enrolment]:
    with database.read() as session:
        return list(session.exec(select(Enrolment).order_by(Enrolment.ids())))


def test_an_entry_is_kept_with_its_letter(database: Database) -> None:
    """The trail has one line for each site, with numbers and no label."""
    numbers = enrol(database, [_entry("A."), _entry("B.", "south"), _entry("C.")], "carla")
    assert numbers == [1, 2, 3]
    assert unopened_letters(database) == [
        (1, "north", b"a letter"),
        (2, "south", b"a letter"),
        (3, "north", b"a letter"),
    ]
    events = audit_events(database, "patients enrolled")
    assert [(event.who, event.subject, event.detail) for event in events] == [
        ("carla", "site north", {"enrolments": [1, 3]}),
        ("carla", "site south", {"enrolments": [2]}),
    ]


def test_a_row_of_a_list_is_sealed_before_it_is_kept() -> None:
    """Only the key's owner can open it, and only as the site's."""
    row = EnrolmentRow(2, "QX-777-31", "ISS", "north", NO_RISK, date(2026, 1, 2), "A.")
    entry = sealed_enrolment(row, sealed_letters.public_of(KEY))
    assert b"QX-777" not in entry.letter
    assert sealed_letters.open_letter(KEY, "north", entry.letter) == ("QX-777-31", "ISS")
    assert (entry.label, entry.last_mri_on) == ("A.", date(2026, 1, 2))


def test_an_opened_letter_is_replaced_by_the_hash(database: Database) -> None:
    """A second worker that opened it too comes too late, and changes nothing."""
    [number] = enrol(database, [_entry()], "carla")
    assert keep_opened(database, number, "hash", "PML-1") == "enrolled"
    assert keep_opened(database, number, "other", "PML-2") == ""
    assert keep_opened(database, 99, "other", "PML-2") == ""
    [row] = _rows(database)
    assert (row.letter, row.patient_hash, row.pseudonym) == (None, "hash", "PML-1")
    assert unopened_letters(database) == []
    [event] = audit_events(database, "letter opened")
    assert (event.subject, event.detail) == ("enrolment 1", {"became": "enrolled"})


def test_a_known_patient_is_merged(database: Database) -> None:
    """What the newer entry knows counts, what it does not stays; one that had ended is open again."""
    first, second = enrol(
        database,
        [
            _entry("old", risk=Risk(jcv_status=JcvStatus.POSITIVE, jcv_index=1.5), last=date(2026, 1, 2)),
            _entry("", risk=Risk(jcv_status=JcvStatus.UNKNOWN, jcv_index=2.5)),
        ],
        "carla",
    )
    keep_opened(database, first, "hash", "PML-1")
    end_enrolment(database, first, "carla", "moved away")
    assert keep_opened(database, second, "hash", "PML-1") == f"merged into enrolment {first}"
    [row] = _rows(database)
    assert (row.id, row.label, row.last_mri_on, row.ended_on) == (first, "old", date(2026, 1, 2), None)
    assert (row.jcv_status, row.jcv_index) == (JcvStatus.POSITIVE, 2.5)


def test_the_day_of_a_test_without_its_result_makes_no_old_result_new(database: Database) -> None:
    """A negative test of 2024 is not one of 2026 because a later entry names a later test and not what it said."""
    old = Risk(jcv_status=JcvStatus.NEGATIVE, jcv_index=0.1, tested_on=date(2024, 1, 1))
    first, second = enrol(
        database, [_entry("old", risk=old), _entry("", risk=Risk(tested_on=date(2026, 5, 1)))], "carla"
    )
    keep_opened(database, first, "hash", "PML-1")
    keep_opened(database, second, "hash", "PML-1")
    [row] = _rows(database)
    assert (row.jcv_status, row.tested_on) == (JcvStatus.NEGATIVE, date(2024, 1, 1))


def test_of_too_many_therapies_the_newest_stay(database: Database) -> None:
    """The day of the drug that is taken now decides when the next MRI is."""
    old = Risk(treatments=read_treatments("natalizumab 2019-03-01/2020-03-01"))
    before = [
        f"fingolimod {year}-{month:02}-01/{year}-{month:02}-20"
        for year in (2021, 2022, 2023)
        for month in range(1, 13)
    ]
    new = Risk(treatments=read_treatments(", ".join([*before[:29], "ocrelizumab 2025-01-01/.."])))
    first, second = enrol(database, [_entry("old", risk=old), _entry("", risk=new)], "carla")
    keep_opened(database, first, "hash", "PML-1")
    keep_opened(database, second, "hash", "PML-1")
    [row] = _rows(database)
    assert row.treatments.startswith("natalizumab 2019-03-01/2020-03-01, ")
    assert row.treatments.endswith(", ocrelizumab 2025-01-01/..")


def test_a_list_of_the_next_drug_alone_keeps_the_periods_of_natalizumab(database: Database) -> None:
    """What the newer entry does not speak of stays, and the next drug that was planned before is replaced."""
    old = Risk(treatments=read_treatments("natalizumab 2019-03-01/2026-03-01, other 2026-04-01/.."))
    new = Risk(treatments=read_treatments("ocrelizumab 2026-05-01/.."))
    first, second = enrol(database, [_entry("old", risk=old), _entry("", risk=new)], "carla")
    keep_opened(database, first, "hash", "PML-1")
    keep_opened(database, second, "hash", "PML-1")
    [row] = _rows(database)
    assert row.treatments == "natalizumab 2019-03-01/2026-03-01, ocrelizumab 2026-05-01/.."


def test_a_forgotten_patient_is_not_enrolled_again_by_a_letter(database: Database, clock: FakeClock) -> None:
    """The entry stays without the hash, and says how the patient may be treated again."""
    with database.write("test") as session:
        session.add(ForgottenPatient(patient_hash="hash", site="north", forgotten_at=clock.time))
    [number] = enrol(database, [_entry()], "carla")
    assert keep_opened(database, number, "hash", "PML-1") == "patient was forgotten"
    [row] = _rows(database)
    assert (row.letter, row.patient_hash, row.pseudonym) == (None, None, "")
    assert "gateway readmit" in row.fix


def test_a_letter_that_cannot_be_opened_says_so_until_it_can(database: Database) -> None:
    """An opened one has no problem any more, whatever a slower worker says afterwards."""
    [number] = enrol(database, [_entry()], "carla")
    note_unopened(database, number, "It was changed.", "Enrol again.")
    assert (_rows(database)[0].problem, _rows(database)[0].fix) == ("It was changed.", "Enrol again.")
    keep_opened(database, number, "hash", "PML-1")
    note_unopened(database, number, "It was changed.", "Enrol again.")
    assert (_rows(database)[0].problem, _rows(database)[0].fix) == ("", "")


def test_an_edit_names_what_changed_and_not_its_value(database: Database) -> None:
    """The trail is read by more people than the calendar."""
    [number] = enrol(database, [_entry("A.")], "carla")
    edit_enrolment(database, number, "B.", Risk(jcv_index=0.7), date(2026, 3, 4), "carla")
    [row] = _rows(database)
    assert (row.label, row.jcv_index, row.last_mri_on) == ("B.", 0.7, date(2026, 3, 4))
    [event] = audit_events(database, "enrolment edited")
    assert event.detail == {"changed": ["jcv_index", "last_mri_on"]}


def test_an_entry_that_ended_stays_and_one_nobody_identified_goes(
    database: Database, clock: FakeClock
) -> None:
    """Of the latter nothing is known that could be kept."""
    known, unknown = enrol(database, [_entry(), _entry()], "carla")
    keep_opened(database, known, "hash", "PML-1")
    for number in (known, unknown):
        end_enrolment(database, number, "carla", "moved away")
    [row] = _rows(database)
    assert (row.id, row.ended_on, row.ended_because) == (known, clock.time.date(), "moved away")
    for number in (known, unknown):
        with pytest.raises(NotThere):
            end_enrolment(database, number, "carla", "twice")
        with pytest.raises(NotThere):
            edit_enrolment(database, number, "", NO_RISK, None, "carla")


def test_the_letterbox_is_published_once_for_each_key(database: Database, clock: FakeClock) -> None:
    """Every worker does so at its start; the moment is that of the key."""
    began = clock.time
    for _ in range(2):
        publish_letterbox(database, KEY)
        clock.pass_seconds(60)
    with database.read() as session:
        [row] = session.exec(select(LetterboxKey)).all()
    assert (row.published_at, row.public_key) == (began, sealed_letters.public_of(KEY).hex())
