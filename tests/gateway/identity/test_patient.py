"""Two statements about a patient are compared by meaning, and a question is told as a question."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from gateway.identity.ground import Agreement, Ground
from gateway.identity.patient import (
    MOST_STATEMENTS,
    NOT_A_BIRTH_DATE,
    StatedPatient,
    compare,
    compare_birth_dates,
    count_patients,
    stated_in,
)

PETRA = StatedPatient("4711", "NORTH", "Probe^Petra", "19700101")
stated = st.builds(
    StatedPatient,
    st.sampled_from(["", "4711", "004711", "4712", "UNKNOWN", "ab-1", "AB1"]),
    st.sampled_from(["", "NORTH", "SOUTH"]),
    st.sampled_from(["", "Probe^Petra", "PROBE^PETRA", "Probe", "Other^One", "Probe^P"]),
    st.sampled_from(["", "19700101", "1970.01.01", "19700102", "1970", "19000101"]),
)


def like_petra(**values: str) -> StatedPatient:
    """Petra, stated otherwise."""
    return StatedPatient(**{**vars(PETRA), **values})


@pytest.mark.parametrize(
    "other",
    [
        like_petra(name="PROBE^PETRA^^^"),
        like_petra(name="Probe^Petra=プローベ^ペトラ"),
        like_petra(issuer=""),
        like_petra(patient_id=" 0004711"),
        like_petra(birth_date=""),
        like_petra(birth_date="00000000"),
        like_petra(name=""),
        like_petra(name="Probe^P"),
    ],
)
def test_one_patient_written_otherwise_is_one_patient(other: StatedPatient) -> None:
    """Capitals, delimiters, an added group, a missing issuer or date in a few objects."""
    assert compare(PETRA, other).agreement is Agreement.SAME
    assert count_patients([PETRA, other, PETRA]) == 1


@pytest.mark.parametrize(
    ("other", "agreement"),
    [
        (like_petra(name="Other^Petra"), Agreement.CANNOT_TELL),
        (like_petra(birth_date="19700102"), Agreement.CANNOT_TELL),
        (like_petra(name="Other^Petra", birth_date="19700102"), Agreement.DIFFERENT),
        (like_petra(issuer="SOUTH"), Agreement.CANNOT_TELL),
        (like_petra(issuer="SOUTH", name="Other^One"), Agreement.DIFFERENT),
        (like_petra(patient_id="4712"), Agreement.DIFFERENT),
        (like_petra(patient_id="", name="Other^One"), Agreement.DIFFERENT),
    ],
)
def test_what_differs_is_another_patient_or_a_question(other: StatedPatient, agreement: Agreement) -> None:
    """A name changed by marriage is a question, and never the same patient by itself."""
    assert compare(PETRA, other).agreement is compare(other, PETRA).agreement is agreement
    assert count_patients([PETRA, other]) == 2


def test_the_reason_is_given_attribute_by_attribute() -> None:
    """Keyword and ground, and no value: it may be shown to everybody."""
    found = compare(PETRA, like_petra(issuer="", name="PROBE^PETRA", birth_date=""))
    assert {reason.attribute: reason.ground for reason in found.grounds} == {
        "PatientID": Ground.ONE_ISSUER,
        "PatientName": Ground.WRITTEN_OTHERWISE,
        "PatientBirthDate": Ground.ABSENT,
    }
    assert not [value for value in vars(PETRA).values() if value in repr(found) + repr(PETRA)]


def test_without_a_number_nothing_is_known_from_outside_the_study() -> None:
    """Namesakes of one day exist; within one study the same name is one person."""
    unnumbered = like_petra(patient_id="UNKNOWN")
    assert compare(unnumbered, unnumbered).agreement is Agreement.CANNOT_TELL
    assert compare(unnumbered, unnumbered, within_one_study=True).agreement is Agreement.SAME
    assert compare(unnumbered, PETRA, within_one_study=True).agreement is Agreement.CANNOT_TELL
    nameless = StatedPatient("", "", "", "")
    assert compare(nameless, PETRA, within_one_study=True).agreement is Agreement.CANNOT_TELL
    assert compare(nameless, nameless, within_one_study=True).agreement is Agreement.SAME


def test_a_number_that_comes_late_is_a_question() -> None:
    """Two pushes of one study, the second with the real number: which of both stands for all?"""
    assert count_patients([like_petra(patient_id=""), PETRA]) == 2
    assert count_patients([like_petra(patient_id=""), like_petra(patient_id="ANON")]) == 1


def test_a_statement_that_fits_two_patients_does_not_join_them() -> None:
    """They do not fit each other, in whatever order they come."""
    bare = like_petra(issuer="")
    assert (
        compare(bare, PETRA).agreement
        is compare(bare, like_petra(issuer="SOUTH")).agreement
        is Agreement.SAME
    )
    for order in permutations((PETRA, bare, like_petra(issuer="SOUTH"))):
        assert count_patients(order) == 2


def test_a_data_set_states_its_patient() -> None:
    """Without padding; what is missing is empty."""
    header = Dataset()
    assert stated_in(header) == StatedPatient("", "", "", "")
    header.PatientID, header.PatientName, header.PatientBirthDate = " 4711 ", "Probe^Petra", "19700101"
    header.IssuerOfPatientID = "NORTH"
    assert stated_in(header) == PETRA


@pytest.mark.parametrize("placeholder", ["ZZZ", "zzz "])
def test_a_sites_own_placeholder_is_no_number(placeholder: str) -> None:
    """As `[study] no_patient_ids` says."""
    one = like_petra(patient_id=placeholder)
    assert compare(one, one, no_patient_ids=["ZZZ"]).agreement is Agreement.CANNOT_TELL
    assert compare(one, one).agreement is Agreement.SAME


def test_a_flood_of_names_is_counted_without_being_compared() -> None:
    """The work is bounded, and the answer is the safe one."""
    flood = [like_petra(name="p" * number) for number in range(1, MOST_STATEMENTS + 3)]
    assert count_patients(flood) == len(flood)
    assert count_patients([]) == 0


@pytest.mark.parametrize(
    ("one", "other", "ground"),
    [
        ("19700101", "19700101", Ground.EQUAL),
        ("19700101", "1970.01.01", Ground.WRITTEN_OTHERWISE),
        ("19700101", "1970", Ground.LESS_SAID),
        ("19700101", "19700102", Ground.DIFFERS),
        ("19700102", "19700201", Ground.DIFFERS),
        *(("19700101", filler, Ground.ABSENT) for filler in ("", "00000000", *sorted(NOT_A_BIRTH_DATE))),
    ],
)
def test_birth_dates_are_days(one: str, other: str, ground: Ground) -> None:
    """The old form with dots is the same day; a day that only fills the field is none."""
    assert compare_birth_dates(one, other) is compare_birth_dates(other, one) is ground


@given(stated, stated)
@settings(derandomize=True, max_examples=500)
def test_comparison_has_no_side_and_a_number_that_differs_decides(
    one: StatedPatient, other: StatedPatient
) -> None:
    """Symmetric; never the same when a stated number differs; never different when nothing stated differs."""
    found, back = compare(one, other), compare(other, one)
    assert (found.agreement, found.grounds) == (back.agreement, back.grounds)
    grounds = [reason.ground for reason in found.grounds]
    if Ground.DIFFERS not in grounds:
        assert found.agreement is not Agreement.DIFFERENT
    if grounds[0].agreement is not Agreement.SAME:
        assert found.agreement is not Agreement.SAME
    if grounds[0] is Ground.DIFFERS:
        assert found.agreement is Agreement.DIFFERENT
    assert compare(one, one, within_one_study=True).agreement is Agreement.SAME


@given(st.lists(stated, max_size=6))
@settings(derandomize=True, max_examples=200)
def test_every_order_of_arrival_tells_one_patient_from_several(objects: list[StatedPatient]) -> None:
    """Whether there is more than one patient does not depend on which object came first."""
    alone = count_patients(objects) <= 1
    assert (count_patients(objects[::-1]) <= 1) is alone
    assert (count_patients(sorted(objects, key=lambda one: one.name + one.patient_id)) <= 1) is alone
