"""What the gateway knows of a study and no form says: the facts that a report is checked against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from gateway.imaging.study_index import StudyIndex


@dataclass(frozen=True)
class StudyFacts:
    """What is known of a study beside its images; None or empty: not known, and nothing is checked.

    `contrast_t1`: a contrast-enhanced T1 was recognised. `readable_since`: when the study was here to be read, which
    is no date of the patient's and bounds every call about it. `shown_study_date`: its date as the reader sees it
    (shifted). `now`: the time of the signature.
    """

    contrast_t1: bool | None = None
    readable_since: datetime | None = None
    shown_study_date: date | None = None
    now: datetime | None = None
    simplified: bool | None = None
    """Whether the study's site declared the simplified protocol, and the study was judged by it."""
    index: StudyIndex | None = None
    """Of the copies that the reader saw: every mark and key image is on one of them."""
    earlier_days: tuple[date, ...] | None = None
    """Days of the patient's earlier studies that are here, as readers see them; empty: there is none."""
    received: frozenset[str] = frozenset()
    """Sequences that were recognised, in the names of the form."""
    b_values: tuple[float, ...] = ()
    """s/mm2, of the diffusion series, as their headers have them."""
    readability: str = ""
    """What counts: the gateway's verdict, or the reader's who judged otherwise; `overruled` says which."""
    overruled: bool = False
    pseudonym: str = ""


NO_FACTS = StudyFacts()
"""Nothing is known of the study: a report of a file."""
