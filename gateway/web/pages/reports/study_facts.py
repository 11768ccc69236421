"""What a report of a case must not contradict: the facts that the records have of its study and its patient."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from gateway.imaging.study_index import StudyIndex
from gateway.records.views.case_rows import CasePage
from gateway.records.views.earlier_cases import EarlierCase
from gateway.reporting.report import StudyFacts
from gateway.web.pages.explanation import shown_series

STANDS_FOR = {"trace": "dwi"}
"""Recognised kinds that satisfy another one: a trace is made from DWI."""


def contrast_recognised(page: CasePage) -> bool:
    """Whether a contrast-enhanced T1 is among the recognised series."""
    return "t1_contrast" in page.row.sequences


def facts_of(
    page: CasePage, now: datetime, earlier: Iterable[EarlierCase], index: StudyIndex | None = None
) -> StudyFacts:
    """What a report of this case must not contradict; `index`: of its copies, where the report names pictures.

    A call about a study may be older than a second case of it, so the first line of its journal counts. What was
    received is known where a series was recognised at all.
    """
    here_since = min([page.row.created_at, *(line.at for line in page.journal[:1])])
    series = shown_series(page.series)
    return StudyFacts(
        contrast_t1=contrast_recognised(page),
        readable_since=here_since,
        shown_study_date=shown_day(page.row.shifted_study_date),
        now=now,
        simplified=bool(page.verdict.get("simplified")),
        index=index,
        earlier_days=days_of(earlier),
        received=frozenset(STANDS_FOR.get(one["kind"], one["kind"]) for one in series),
        b_values=diffusion_b_values(page),
        readability=str(page.overrule.get("readability") or page.row.readability),
        overruled=bool(page.overrule),
        pseudonym=page.row.pseudonym,
    )


def diffusion_b_values(page: CasePage) -> tuple[float, ...]:
    """b-values in s/mm2 of the diffusion series, as their headers have them; empty when they say nothing."""
    diffusion = [
        one for one in shown_series(page.series) if STANDS_FOR.get(one["kind"], one["kind"]) == "dwi"
    ]
    return tuple(sorted({float(value) for one in diffusion for value in one["b_values"] if value != ""}))


def days_of(earlier: Iterable[EarlierCase]) -> tuple[date, ...]:
    """The days of earlier studies as readers see them, newest first, each once."""
    days = {day for each in earlier if (day := shown_day(each.shifted_study_date))}
    return tuple(sorted(days, reverse=True))


def shown_day(shifted: str) -> date | None:
    """A day as the records keep it (YYYYMMDD, shifted); None when it is none."""
    try:
        return date.fromisoformat(shifted)
    except ValueError:
        return None
