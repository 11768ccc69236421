"""The facts of a kept study: what the rules may know, from its headers and from how it came.

Headers are read once: what was found stays with the study, and holds as long as no further instance arrives. Whether
the patient is enrolled and when the last MRI was can change in between: both are looked up at each use, and kept with
the facts only so that a replay knows what was known.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from gateway.pipeline import originals
from gateway.pipeline.context import StepContext
from gateway.pipeline.linkage import Linkage, linkage
from gateway.pipeline.surveillance import study_date
from gateway.records.surveillance import facts_about
from gateway.records.tables import Study
from routing_rules.facts import StudyFacts, study_facts


@dataclass(frozen=True)
class Known:
    """What is known of a study; `patients` is how many different patients its headers name."""

    facts: StudyFacts
    linkage: Linkage
    patients: int
    study_date: str

    def columns(self, study: Study) -> dict[str, Any]:
        """The columns of the study that keep this."""
        return {
            **vars(self.linkage),
            "facts": self.facts.to_json(),
            "facts_of": study.instances,
            "patients": self.patients,
            "study_date": self.study_date,
        }


def of_study(context: StepContext, study: Study) -> Known:
    """What is kept with the study when that is of all its instances, else read from every header now; as of today."""
    known = _kept_or_read(context, study)
    with context.database.read() as session:
        enrolled, months = facts_about(session, study, known.linkage.patient_hash, known.study_date)
    return replace(known, facts=replace(known.facts, enrolled=enrolled, months_since_last=months))


def _kept_or_read(context: StepContext, study: Study) -> Known:
    if study.facts_of == study.instances and study.study_date:
        kept = StudyFacts.from_json(study.facts)
        return Known(kept, kept_linkage(study), study.patients, study.study_date)
    assert study.id is not None
    headers = originals.headers(context.blobs, originals.kept(context.database, study.id))
    found = study_facts(
        headers,
        sender=study.sender,
        calling_ae_title=study.calling_ae_title,
        called_ae_title=study.called_ae_title,
        address=study.address,
        site=study.site,
        vendor_facts=context.rules().vendor_facts,
    )
    return Known(
        found,
        linkage(context.pseudonym_key, study.site, headers[0]),
        len(originals.patients(headers)),
        study_date(headers),
    )


def kept_linkage(study: Study) -> Linkage:
    """The hashes kept with a study."""
    return Linkage(*(getattr(study, field.name) for field in fields(Linkage)))
