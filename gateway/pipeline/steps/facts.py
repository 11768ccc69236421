"""The facts of a kept study: what the rules may know, from its headers and from how it came.

Headers are read once: what was found stays with the study, and holds as long as no further instance arrives. They are
read one after another and not kept: of a thousand with private tables of 100 kB each, none stays in memory.
Whether the patient is enrolled and when the last MRI was can change in between: both are looked up at each use, and
kept with the facts only so that a replay knows what was known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from gateway import logs
from gateway.identity.patient import StatedPatient, count_patients
from gateway.pipeline.context import StepContext
from gateway.pipeline.cores import shared
from gateway.pipeline.steps import originals
from gateway.pipeline.steps.calendar import study_date
from gateway.pipeline.steps.identities import persons, to_agree
from gateway.pipeline.steps.persons import standing_header
from gateway.privacy.patient_hashes import PatientHashes
from gateway.privacy.schemes import LATEST, Scheme
from gateway.records.blobs import BlobStore
from gateway.records.calendar import facts_about
from gateway.records.seen_mris import NO_DATE
from gateway.records.tables.studies import Instance, Study
from routing_rules.facts import InstanceFacts, StudyFacts, facts_of_instances, read_instance, tells_stacks
from routing_rules.series.attributes import Elements
from routing_rules.series.vendor_facts import VendorFacts

log = logs.get(__name__)


@dataclass(frozen=True)
class Known:
    """What is known of a study; `patients` is how many different patients its headers name, compared by meaning."""

    facts: StudyFacts
    hashes: PatientHashes
    patients: int
    study_date: str

    def columns(self, study: Study) -> dict[str, Any]:
        """The columns of the study that keep this."""
        return {
            **vars(self.hashes),
            "facts": self.facts.to_json(),
            "facts_of": study.instances,
            "patients": self.patients,
            "study_date": self.study_date,
        }


def of_study(context: StepContext, study: Study) -> Known:
    """What is kept with the study when that is of all its instances, else read from every header now; as of today.

    What a version kept that did not yet know where images lie is read again: the verdict needs it.
    """
    known = _kept_or_read(context, study)
    with context.database.read() as session:
        enrolled, months = facts_about(session, study, known.hashes.patient_hash, known.study_date)
    return replace(known, facts=replace(known.facts, enrolled=enrolled, months_since_last=months))


def _kept_or_read(context: StepContext, study: Study) -> Known:
    if study.facts_of == study.instances and study.study_date and tells_stacks(study.facts):
        kept = StudyFacts.from_json(study.facts)
        return Known(kept, kept_hashes(study), study.patients, study.study_date)
    vendor_facts = context.rules().vendor_facts
    said = _read(context, study, vendor_facts)
    facts = facts_of_instances(
        [instance.facts for instance in said],
        sender=study.sender,
        calling_ae_title=study.calling_ae_title,
        called_ae_title=study.called_ae_title,
        address=study.address,
        site=study.site,
        vendor_facts=vendor_facts,
    )
    day = min((instance.study_date for instance in said if instance.study_date != NO_DATE), default=NO_DATE)
    asked = to_agree(study, [(instance.instance_id, instance.patient) for instance in said])
    patients = count_patients((stated for _, stated in asked), context.no_patient_ids)
    return Known(facts, hashes(context, study), patients, day)


def hashes(context: StepContext, study: Study, scheme: Scheme = LATEST) -> PatientHashes:
    """The hashes of the patient that stands for all objects, as one scheme derives them."""
    header = standing_header(context.blobs, study, originals.kept(context.database, study.saved_id))
    return persons(context).hashes(study, header, scheme)


@dataclass(frozen=True)
class _Share:
    """Instances to read, and what that takes; of large studies each process reads a share (`cores`)."""

    blobs: BlobStore
    vendor_facts: VendorFacts | None
    instances: Sequence[Instance]


@dataclass(frozen=True)
class _Said:
    """What one instance says."""

    instance_id: int
    facts: InstanceFacts
    patient: StatedPatient
    study_date: str


@dataclass(frozen=True)
class _Unread:
    """An instance that cannot be read, by the class of the error."""

    instance_id: int
    why: str


def _read(context: StepContext, study: Study, vendor_facts: VendorFacts | None) -> list[_Said]:
    """What each instance says, in order of arrival; one that cannot be read is passed over: the preparation asks."""
    instances = originals.kept(context.database, study.saved_id)
    whole = _Share(context.blobs, vendor_facts, instances)
    shares = [replace(whole, instances=share) for share in shared(instances, context.cores.processes)]
    answers = [answer for part in context.cores.each(_said, shares) for answer in part]
    for answer in answers:
        if isinstance(answer, _Unread):
            log.warning("an object cannot be read", instance=answer.instance_id, why=answer.why)
    said = [answer for answer in answers if isinstance(answer, _Said)]
    if not said:
        raise originals.nothing_readable()
    return sorted(said, key=lambda answer: answer.instance_id)


def _said(share: _Share) -> list[_Said | _Unread]:
    answers: list[_Said | _Unread] = []
    headers = originals.HeadersInTurn(share.blobs)
    for instance in share.instances:
        try:
            said = Elements.of(headers.of(instance))
            facts = read_instance(said, share.vendor_facts)
            patient, day = originals.patient(said), study_date([said])
            answers.append(_Said(instance.saved_id, facts, patient, day))
        except originals.NOT_DICOM as error:
            answers.append(_Unread(instance.saved_id, type(error).__name__))
    return answers


def kept_hashes(study: Study) -> PatientHashes:
    """The hashes kept with a study."""
    return PatientHashes(*(getattr(study, field.name) for field in fields(PatientHashes)))
