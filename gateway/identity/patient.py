"""Is it the same person? Four attributes compared by meaning, and what follows from them together.

The table is `_TOGETHER`: a number that differs is another patient; the same number under another name *or* another
birth date is a question (a marriage, a corrected date), under both it is another patient. Where a number is missing
nothing is known, unless no object of one study has one (`within_one_study`): then the same name is enough.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from pydicom.dataset import Dataset

from gateway.identity.ground import Agreement, Ground
from gateway.identity.names import compare_names
from gateway.identity.numbers import compare_numbers, has_number

NOT_A_BIRTH_DATE: Final = frozenset({"19000101", "00010101", "18000101", "99991231"})
"""Days that programs write where a date must stand and none is known."""


@dataclass(frozen=True)
class StatedPatient:
    """The patient as one object states it: texts as sent, "" for what it does not state; in the order of `KEYWORDS`."""

    patient_id: str = field(repr=False)
    issuer: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: str = field(repr=False)


KEYWORDS: Final = ("PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate")


def stated_in(header: Dataset) -> StatedPatient:
    """The patient that a data set states."""
    return StatedPatient(*(str(header.get(keyword) or "").strip(" \0") for keyword in KEYWORDS))


@dataclass(frozen=True)
class AttributeGround:
    """What one attribute says about two statements; `attribute` is a DICOM keyword. No value of a patient is in it."""

    attribute: str
    ground: Ground


@dataclass(frozen=True)
class Comparison:
    """Whether two statements are about one person, and the reason attribute by attribute."""

    agreement: Agreement
    grounds: tuple[AttributeGround, ...]


MOST_STATEMENTS: Final = 50
"""Of a study, that are compared with one another; in a real one they are a handful."""

# (do the numbers agree, how many of name and birth date differ) -> do both statements agree
_TOGETHER: Final = {
    (Agreement.SAME, 0): Agreement.SAME,
    (Agreement.SAME, 1): Agreement.CANNOT_TELL,
    (Agreement.SAME, 2): Agreement.DIFFERENT,
    (Agreement.CANNOT_TELL, 0): Agreement.CANNOT_TELL,
    (Agreement.CANNOT_TELL, 1): Agreement.DIFFERENT,
    (Agreement.CANNOT_TELL, 2): Agreement.DIFFERENT,
    (Agreement.DIFFERENT, 0): Agreement.DIFFERENT,
    (Agreement.DIFFERENT, 1): Agreement.DIFFERENT,
    (Agreement.DIFFERENT, 2): Agreement.DIFFERENT,
}


def compare(
    one: StatedPatient,
    other: StatedPatient,
    *,
    within_one_study: bool = False,
    no_patient_ids: Collection[str] = (),
) -> Comparison:
    """Whether two objects are about one person.

    `within_one_study`: both are of one study, which is evidence of its own, so that a number that both lack is no
    question as long as they agree in the name. (One that only one of them has is: which of them is right?)
    `no_patient_ids`: see `numbers.why_no_number`.
    """
    number = compare_numbers((one.patient_id, one.issuer), (other.patient_id, other.issuer), no_patient_ids)
    name = compare_names(one.name, other.name)
    birth_date = compare_birth_dates(one.birth_date, other.birth_date)
    agreement = _TOGETHER[number.agreement, (name, birth_date).count(Ground.DIFFERS)]
    numbered = has_number(one.patient_id, no_patient_ids) or has_number(other.patient_id, no_patient_ids)
    if within_one_study and not numbered and agreement is Agreement.CANNOT_TELL:
        agree = name.agreement is Agreement.SAME and (
            birth_date is Ground.ABSENT or birth_date.agreement is Agreement.SAME
        )
        agreement = Agreement.SAME if agree or one == other else agreement
    return Comparison(
        agreement,
        (
            AttributeGround("PatientID", number),
            AttributeGround("PatientName", name),
            AttributeGround("PatientBirthDate", birth_date),
        ),
    )


def count_patients(stated: Iterable[StatedPatient], no_patient_ids: Collection[str] = ()) -> int:
    """How many people the objects of one study name, at least: one only if every statement fits every other.

    Fitting is not passed on: a name that is cut short fits two names that do not fit each other. More than
    `MOST_STATEMENTS` different statements are each counted as a person, uncompared.
    """
    different = list(dict.fromkeys(stated))
    if len(different) > MOST_STATEMENTS:
        return len(different)
    people: list[list[StatedPatient]] = []
    for one in different:
        fitting = (person for person in people if all(_fits(one, other, no_patient_ids) for other in person))
        person = next(fitting, None)
        if person is None:
            people.append([one])
        else:
            person.append(one)
    return len(people)


def _fits(one: StatedPatient, other: StatedPatient, no_patient_ids: Collection[str]) -> bool:
    compared = compare(one, other, within_one_study=True, no_patient_ids=no_patient_ids)
    return compared.agreement is Agreement.SAME


def compare_birth_dates(one: str, other: str) -> Ground:
    """The ground on which two DA values are one day or not; a date that only fills the field is none."""
    day, other_day = canonical_day(one), canonical_day(other)
    if not day or not other_day:
        return Ground.ABSENT
    if day == other_day:
        return Ground.EQUAL if one == other else Ground.WRITTEN_OTHERWISE
    return Ground.LESS_SAID if day.startswith(other_day) or other_day.startswith(day) else Ground.DIFFERS


def canonical_day(text: str) -> str:
    """The digits of a date, "" when there is none; the old form with dots is the same date (PS3.5 6.2, DA)."""
    digits = re.sub(r"[.\-/ \0]", "", text)
    return "" if not digits.strip("0") or digits in NOT_A_BIRTH_DATE else digits
