"""The facts of a kept study: what the rules may know, from its headers and from how it came.

Headers are read once: what was found stays with the study, and holds as long as no further instance arrives.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from gateway.pipeline import originals
from gateway.pipeline.context import StepContext
from gateway.pipeline.linkage import Linkage, linkage
from gateway.records.tables import Study
from routing_rules.facts import StudyFacts, study_facts


@dataclass(frozen=True)
class Known:
    """What is known of a study; `patients` is how many different patients its headers name."""

    facts: StudyFacts
    linkage: Linkage
    patients: int

    def columns(self, study: Study) -> dict[str, Any]:
        """The columns of the study that keep this."""
        return {
            **vars(self.linkage),
            "facts": self.facts.to_json(),
            "facts_of": study.instances,
            "patients": self.patients,
        }


def of_study(context: StepContext, study: Study) -> Known:
    """What is kept with the study when that is of all its instances; else read from every header now."""
    if study.facts_of == study.instances:
        return Known(StudyFacts.from_json(study.facts), kept_linkage(study), study.patients)
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
    )


def kept_linkage(study: Study) -> Linkage:
    """The hashes kept with a study."""
    return Linkage(*(getattr(study, field.name) for field in fields(Linkage)))
