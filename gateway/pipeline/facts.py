"""The facts of a kept study: what the rules may know, from its headers and from how it came."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom import Dataset

from gateway.records.tables import Study
from routing_rules.facts import StudyFacts, study_facts


def of_study(study: Study, headers: Sequence[Dataset]) -> StudyFacts:
    """The facts of a study whose instances have these headers."""
    return study_facts(
        headers,
        sender=study.sender,
        calling_ae_title=study.calling_ae_title,
        called_ae_title=study.called_ae_title,
        address=study.address,
        site=study.site,
    )
