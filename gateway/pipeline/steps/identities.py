"""Whose study it is: the header that says so for all, whether the objects agree, and the identity to seal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from pydicom import Dataset

from gateway.errors import WrongState
from gateway.identity.ground import Agreement
from gateway.identity.patient import KEYWORDS, StatedPatient, compare, count_patients, stated_in
from gateway.pipeline.context import StepContext
from gateway.pipeline.steps.persons import Persons
from gateway.privacy.schemes import PatientAlias, Pseudonyms, Scheme
from gateway.records.identities.vault import Patient, SealedIdentity
from gateway.records.step_record import Dispute
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Identity, Instance, Study
from gateway.records.views import case_rows

WAITS_FOR_A_LEAD: Final = timedelta(hours=1)
"""Only a look: what a lead decides wakes the study."""
Statement = tuple[int, StatedPatient]
"""The number of an instance, and the patient it states."""


def to_agree(study: Study, said: Sequence[Statement]) -> list[Statement]:
    """The statements that have to agree: where a lead chose one, that one and what came since."""
    standing = [one for one in said if one[0] == study.identity_of]
    if not standing:
        return list(said)
    return [*standing, *(one for one in said if one[0] > study.identity_until)]


def dispute(study: Study, said: Sequence[Statement], no_patient_ids: Collection[str] = ()) -> Dispute | None:
    """The question whose study it is, when its objects name more than one patient."""
    asked = to_agree(study, said)
    if count_patients((statement for _, statement in asked), no_patient_ids) < 2:
        return None
    (first_id, first), *others = asked
    differing = [
        one
        for one in others
        if compare(first, one[1], within_one_study=True, no_patient_ids=no_patient_ids).agreement
        is not Agreement.SAME
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


def persons(context: StepContext) -> Persons:
    """Whom the records know."""
    return Persons(context.database, context.blobs, context.pseudonym_key, context.no_patient_ids)


def who(context: StepContext, study: Study, header: Dataset) -> SealedIdentity:
    """The sealed identity of the patient whom a header names, for whoever this study's patient is."""
    return sealed(context, study.site, header, persons(context).of_study(study, header))


def sealed(context: StepContext, site: str, header: Dataset, alias: PatientAlias) -> SealedIdentity:
    """The patient whom a header names, sealed with what replaces it, under the number that this is derived from."""
    number, issuer = alias.subject.patient_id.strip(), alias.subject.issuer.strip()
    _, _, name, birth = (str(header.get(key, "") or "").strip() for key in KEYWORDS)
    patient = Patient(number, issuer, name, birth, alias.date_shift_days)
    return context.vault.seal(site, patient, alias.pseudonym, alias.patient_hash, int(alias.scheme))


def pseudonyms(context: StepContext, case: Case, scheme: int | None = None) -> Pseudonyms:
    """What replaces UIDs and accession numbers of a case, and names its reports; `scheme`: of another of its site."""
    return context.pseudonym_key.of(case.site, Scheme(case.scheme if scheme is None else scheme))


def identity_of_copies(context: StepContext, case: Case) -> int:
    """The identity whose dates the copies of a case have. Raises WrongState when that patient was forgotten since."""
    number = case.read_under or case.identity_id
    assert number is not None
    with context.database.read() as session:
        row = session.get(Identity, number)
    if row is not None and row.pseudonym != case.pseudonym:
        raise WrongState(
            f"Case {case.id} was read under the pseudonym of a patient who was forgotten since: "
            "the dates that the reader saw cannot be put back.",
            "Pass nothing on: discard what came back. To have it read again, let the sender send the images as a "
            "new study, under another Study Instance UID.",
        )
    return number


def shift_of(context: StepContext, case: Case, study: Study, patient: Patient) -> int:
    """The date shift of the copies that were made under the case's pseudonym, of this patient."""
    if patient.date_shift_days is not None:
        return patient.date_shift_days
    with context.database.read() as session:  # without a number, the person is that of one study
        uid = case_rows.study(session, study.person_of or study.saved_id).study_instance_uid
    issuer, number = patient.issuer_of_patient_id, patient.patient_id
    return context.pseudonym_key.shift_under(case.site, issuer, number, uid, case.pseudonym)
