"""CHECKS: every check of a report as one row: its field, reason and source, and whether it refuses or asks."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gateway.reporting.checks.rules import ASKED, ASKED_BY_STUDY, REFUSED, REFUSED_BY_STUDY
from gateway.reporting.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

MODULE = "education module"
FORM, STUDY, BODY, IDENTITY = (
    "ours: two answers of one form agree",
    "ours: the study as it was received",
    "ours: what a body has and a scanner makes",
    "ours: the report goes back with the identity restored, its free text as it was written",
)
LEAST = f"{MODULE}, section “Early Detection”: at least FLAIR, T2 and DWI at b = 1000 s/mm²"

#: Where each check comes from, by its key: the name of a rule that refuses, the key of a question.
SOURCES: dict[str, str] = {
    "nothing_is_excluded_unseen": LEAST,
    "not_assessable_is_made_again": "ours: images that cannot answer are made again",
    "coverage_is_said": LEAST,
    "simplified_is_for_surveillance": "ours: a suspicion is judged by the full protocol",
    "known_pml_has_phase": FORM,
    "signals_follow_sequences": FORM,
    "sides_and_sites_agree": "ours: anatomy",
    "resolved_measures_nothing": FORM,
    "answers_exclude_each_other": FORM,
    "another_site_is_named": FORM,
    "numbers_are_distinct": FORM,
    "missing_sequence_is_incomplete": LEAST,
    "quality_follows_sequences": FORM,
    "limitation_is_explained": FORM,
    "comparison_agrees": FORM,
    "time_courses_follow_comparison": FORM,
    "new_follows_comparison": FORM,
    "spectra_follow_sequence": FORM,
    "measures_are_possible": BODY,
    "interval_is_complete": FORM,
    "interval_is_possible": "ours: longer than any guideline on natalizumab leaves between two MRI",
    "reasons_name_nobody": IDENTITY,
    "contrast_is_not_denied": STUDY,
    "call_is_about_the_study": STUDY,
    "simplified_was_declared": STUDY,
    "pictures_are_of_the_study": STUDY,
    "prior_is_earlier": STUDY,
    "own_pseudonym_is_not_written": IDENTITY,
    "suspicion_without_lesion": FORM,
    "high_level_without_pml_lesion": FORM,
    "low_level_with_pml": FORM,
    "not_assessable_names_pml": FORM,
    "level_zero_with_unclear_lesion": f"{MODULE}, section “Differentiation from MS Lesions”",
    "low_level_with_pcr": "ours: the level and the finding in the CSF are read together",
    "not_assessable_though_readable": LEAST,
    "new_lesion_not_described": FORM,
    "iris_without_sign": f"{MODULE}, section “Contrast”",
    "phase_without_known_pml": FORM,
    "late_phase_at_high_level": FORM,
    "volume_beyond_axis": "ours: a ball of the long axis, twice",
    "axis_against_mark": "ours: 1 mm",
    "volume_against_mark": "ours: a tenth",
    "course_against_measures": "ours: 3 mm and a fifth",
    "no_contrast": f"{MODULE}, section “Early Detection”",
    "routine_at_high_level": f"{MODULE}, section “Differentiation from MS Lesions”",
    "nobody_told": "ours: a suspicion is told at once, before the report travels",
    "unusual_interval": "the table of usual intervals, each with its own source",
    "status_against_context": FORM,
    "antibodies_against_index": "Auer et al. 2019: cut-off 0.4, inconclusive from 0.20",
    "urgent_at_low_level": FORM,
    "text_may_name_somebody": IDENTITY,
    "text_of_other_answers": FORM,
    "prior_not_here": STUDY,
    "sequence_not_recognised": STUDY,
    "b_value_not_measured": f"{MODULE}, section “Early Detection”: b = 1000 s/mm²; 800 to 1200 are ours",
    "complete_against_verdict": STUDY,
}

#: Where the form shows a check that refuses; of a question its own field says it. `*` is each lesion or spectrum.
FIELDS: dict[str, tuple[str, ...]] = {
    "nothing_is_excluded_unseen": (
        "suspicion",
        "new_lesion",
        "recommendations",
        "comparison.t2_load_change",
    ),
    "not_assessable_is_made_again": ("recommendations",),
    "coverage_is_said": ("protocol.sequences.*.coverage",),
    "simplified_is_for_surveillance": ("protocol.judged_by",),
    "known_pml_has_phase": ("iris_phase",),
    "signals_follow_sequences": ("lesions.*",),
    "sides_and_sites_agree": ("lesions.*",),
    "resolved_measures_nothing": ("lesions.*",),
    "answers_exclude_each_other": ("lesions.*",),
    "another_site_is_named": ("lesions.*",),
    "numbers_are_distinct": ("lesions.*", "spectra.*"),
    "missing_sequence_is_incomplete": ("protocol.completeness",),
    "quality_follows_sequences": ("protocol.quality",),
    "limitation_is_explained": ("protocol.limitation",),
    "comparison_agrees": ("comparison.done", "comparison.prior_study_date"),
    "time_courses_follow_comparison": ("lesions.*", "new_lesion"),
    "new_follows_comparison": ("new_lesion",),
    "spectra_follow_sequence": ("spectra", "protocol.sequences.mrs.acquired"),
    "measures_are_possible": ("lesions.*", "spectra.*", "protocol.sequences.*.thickness_mm"),
    "interval_is_complete": ("follow_up_value", "recommendations"),
    "interval_is_possible": ("follow_up_value",),
    "reasons_name_nobody": ("reasons.*",),
    "contrast_is_not_denied": ("protocol.sequences.t1_contrast.acquired",),
    "call_is_about_the_study": ("communication.at",),
    "simplified_was_declared": ("protocol.judged_by",),
    "pictures_are_of_the_study": ("lesions.*",),
    "prior_is_earlier": ("comparison.prior_study_date",),
    "own_pseudonym_is_not_written": ("*",),
}


class Severity(StrEnum):
    """What a check does: refuse until something is changed, or ask and take a reason."""

    REFUSED = "refused"
    ASKED = "asked"


@dataclass(frozen=True)
class Check:
    """One row. `about` is `report` or `study`; a rule about the study also takes `StudyFacts`."""

    key: str
    severity: Severity
    about: str
    rule: Callable[..., Any]

    @property
    def reason(self) -> str:
        """Why it is checked, in the words of the rule."""
        return " ".join((inspect.getdoc(self.rule) or "").removeprefix("Asked: ").split())

    @property
    def fields(self) -> tuple[str, ...]:
        """Where the form shows what it finds."""
        return (QUESTIONS[self.key].field,) if self.severity is Severity.ASKED else FIELDS[self.key]

    @property
    def source(self) -> str:
        """Where the check comes from."""
        return SOURCES[self.key]


#: In the order in which problems are listed.
CHECKS: tuple[Check, ...] = (
    *(Check(rule.__name__, Severity.REFUSED, "report", rule) for rule in REFUSED),
    *(Check(rule.__name__, Severity.REFUSED, "study", rule) for rule in REFUSED_BY_STUDY),
    *(Check(key, Severity.ASKED, "report", rule) for key, rule in ASKED.items()),
    *(Check(key, Severity.ASKED, "study", rule) for key, rule in ASKED_BY_STUDY.items()),
)


@lru_cache(maxsize=1)
def _by_key() -> dict[str, Check]:
    return {check.key: check for check in CHECKS}


def check_of(key: str) -> Check | None:
    """The check of this key; None for an answer that is missing or no answer, which no rule found."""
    return _by_key().get(key)


def source_of(key: str) -> str:
    """Where a check comes from, as it is shown beside its problem; empty where no rule found it."""
    check = check_of(key)
    return check.source if check else ""
