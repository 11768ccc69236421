"""Whose study it is: the header that says so for all, whether the objects agree, and the identity to seal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from pydicom import Dataset

from gateway.identity.ground import Agreement
from gateway.identity.numbers import Subject, subject
from gateway.identity.patient import KEYWORDS, StatedPatient, compare, count_patients, stated_in
from gateway.pipeline.context import StepContext
from gateway.pipeline.steps import originals
from gateway.privacy.deidentify.instance import PatientContext
from gateway.records.identities.vault import Patient, SealedIdentity
from gateway.records.step_record import Dispute
from gateway.records.tables.studies import Instance, Study

WAITS_FOR_A_LEAD: Final = timedelta(hours=1)
"""Only a look: what a lead decides wakes the study."""
Statement = tuple[int, StatedPatient]
"""The number of an instance, and the patient it states."""


def standing_header(context: StepContext, study: Study, instances: list[Instance]) -> Dataset:
    """The header whose patient and study stand for all objects: the one a lead chose, else the first."""
    by_choice = [one for one in instances if one.saved_id == study.identity_of]
    return originals.first_header(context.blobs, [*by_choice, *instances])


def to_agree(study: Study, said: Sequence[Statement]) -> list[Statement]:
    """The statements that have to agree: where a lead chose one, that one and what came since."""
    standing = [one for one in said if one[0] == study.identity_of]
    if not standing:
        return list(said)
    return [*standing, *(one for one in said if one[0] > study.identity_until)]


def dispute(study: Study, said: Sequence[Statement]) -> Dispute | None:
    """The question whose study it is, when its objects name more than one patient."""
    asked = to_agree(study, said)
    if count_patients(statement for _, statement in asked) < 2:
        return None
    (first_id, first), *others = asked
    differing = [
        one for one in others if compare(first, one[1], within_one_study=True).agreement is not Agreement.SAME
    ] or [one for one in others if one[1] != first]
    attributes = Counter(
        keyword
        for _, statement in differing
        for keyword, value, own in zip(KEYWORDS, _values(statement), _values(first), strict=True)
        if value != own
    )
    return Dispute(first_id, max(differing)[0], len(differing), tuple(sorted(attributes.items())))


def statements(pairs: Sequence[tuple[Instance, Dataset]]) -> list[Statement]:
    """What each header states."""
    return [(instance.saved_id, stated_in(header)) for instance, header in pairs]


def _values(stated: StatedPatient) -> tuple[str, str, str, str]:
    return stated.patient_id, stated.issuer, stated.name, stated.birth_date


def who(context: StepContext, site: str, header: Dataset) -> tuple[SealedIdentity, PatientContext]:
    """The sealed identity of a study's patient, and what replaces it."""
    found = [str(header.get(key, "") or "").strip() for key in KEYWORDS]
    patient = Patient(*found)
    key = context.pseudonym_key
    alias = key.present_alias(site, whom(header))
    return (
        context.vault.seal(site, patient, alias.pseudonym, alias.patient_hash),
        PatientContext(alias.pseudonym, alias.date_shift_days, key),
    )


def whom(header: Dataset) -> Subject:
    """Whom a header is about, by number; without one, this study alone."""
    stated = stated_in(header)
    return subject(stated.issuer, stated.patient_id, str(header.get("StudyInstanceUID") or "").strip(" \0"))
