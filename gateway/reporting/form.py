"""FORM: the report form as one table, so that the web page renders it generically.

Every row of the sources' MS-versus-PML table is one item of a lesion and shows both patterns beside it; help texts are
in `help_texts` with their source. Field names are those of `report_from_form`: dotted, and numbered in a section that
repeats (`lesions.0.border`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from gateway.reporting import answers as a
from gateway.reporting.codes import label as code_label
from gateway.reporting.help_texts import HELP
from gateway.reporting.layout.items import Choice, FormItem, FormSection, InputKind, form_item
from gateway.reporting.lesions.items import LESIONS, SPECTRA
from gateway.reporting.questions import QUESTIONS

__all__ = [
    "FORM",
    "GROUP_NUMBER",
    "SEQUENCES",
    "Choice",
    "FormItem",
    "FormSection",
    "InputKind",
    "is_field",
    "item_of_field",
    "required_below",
]


def _sequence(name: str) -> tuple[FormItem, ...]:
    title, path = code_label(f"sequence.{name}"), f"protocol.sequences.{name}"
    seen = (a.Presence.PRESENT, a.Presence.ABSENT)
    covers = form_item(
        f"{path}.coverage", InputKind.CHOICE, a.Coverage, label=f"{title}: coverage", key="coverage"
    )
    return (
        form_item(
            f"{path}.acquired",
            InputKind.CHOICE,
            only=seen,
            label=title,
            key=f"sequence.{name}",
            required=True,
        ),
        form_item(
            f"{path}.thickness_mm",
            InputKind.NUMBER,
            label=f"{title}: slice thickness",
            key="slice_thickness",
            unit="mm",
        ),
        form_item(
            f"{path}.quality", InputKind.CHOICE, a.Quality, label=f"{title}: quality", key="sequence_quality"
        ),
        *((covers,) if name in a.REQUIRED_SEQUENCES else ()),
    )


CHOICE, CHOICES, NUMBER, TEXT, LONG = (
    InputKind.CHOICE,
    InputKind.CHOICES,
    InputKind.NUMBER,
    InputKind.TEXT,
    InputKind.LONG_TEXT,
)
SEQUENCES = ("flair", "t2", "dwi", "t1", "t1_contrast", "swi", "mrs")
#: Follow-up has any interval; the short-term one of earlier forms is 2 to 4 weeks.
OFFERED = tuple(answer for answer in a.Recommendation if answer is not a.Recommendation.SHORT_TERM)

FORM: tuple[FormSection, ...] = (
    FormSection(
        "request",
        "Request",
        (
            form_item("language", CHOICE, a.Language, label="Language of the free text"),
            form_item("context.referral", CHOICE, a.Referral),
            form_item("context.pml_status", CHOICE, a.PmlStatus),
            form_item("context.pml_certainty", CHOICE, a.PmlCertainty),
            form_item("context.question", LONG),
            form_item("context.symptoms", LONG),
            form_item("context.natalizumab_months", NUMBER, unit="months"),
            form_item("context.dosing_interval_weeks", NUMBER, unit="weeks"),
            form_item("context.jcv_antibodies", CHOICE, a.Presence),
            form_item("context.jcv_index", NUMBER),
            form_item("context.prior_immunosuppression", CHOICE, a.Presence),
            form_item("context.csf_jcv_pcr", CHOICE, a.Presence),
            form_item("context.kps", NUMBER, unit="0 to 100"),
            form_item("context.edss", NUMBER, unit="0 to 10"),
        ),
    ),
    FormSection(
        "protocol",
        "Protocol and quality",
        (
            *(item for name in SEQUENCES for item in _sequence(name)),
            form_item("protocol.judged_by", CHOICE, a.JudgedBy),
            form_item("protocol.completeness", CHOICE, a.Completeness, required=True),
            form_item(
                "protocol.quality", CHOICE, a.Quality, label="Image quality of the examination", required=True
            ),
            form_item("protocol.limitation", LONG),
            form_item("protocol.contrast_correction", LONG),
        ),
    ),
    FormSection(
        "comparison",
        "Comparison",
        (
            form_item("comparison.done", CHOICE, a.ComparisonDone, key="comparison", required=True),
            form_item(
                "comparison.prior_study_date",
                InputKind.DATE,
                label="Date of the prior study, as shown to you",
            ),
            form_item("comparison.t2_load_change", CHOICE, a.Change),
        ),
    ),
    FormSection(
        "findings",
        "Findings",
        (
            form_item("new_lesion", CHOICE, a.NewLesion, required=True),
            form_item("other_findings", LONG, label="Other findings"),
        ),
    ),
    LESIONS,
    SPECTRA,
    FormSection(
        "impression",
        "Impression",
        (
            form_item("suspicion", CHOICE, a.Suspicion, required=True),
            form_item("certainty_percent", NUMBER, unit="%"),
            form_item("iris_phase", CHOICE, a.IrisPhase, required=True),
            form_item("diagnoses", CHOICES, a.Diagnosis, key="diagnosis"),
            form_item("narrative", LONG, label="Impression in words", required=True),
        ),
    ),
    FormSection(
        "recommendations",
        "Recommendations",
        (
            form_item("recommendations", CHOICES, only=OFFERED, key="recommendation", required=True),
            form_item("follow_up_value", NUMBER, label="Follow-up interval", key="follow_up_interval"),
            form_item("follow_up_unit", CHOICE, a.IntervalUnit, label="Unit of the interval"),
            form_item("recommendation_text", LONG),
        ),
    ),
    FormSection(
        "communication",
        "Critical result",
        (
            form_item("communication.person", TEXT, key="communicated_to"),
            form_item("communication.at", InputKind.DATETIME, key="communicated_at"),
        ),
        help=HELP["communication"][0],
    ),
    FormSection(
        "reasons",
        "Reasons given",
        tuple(
            form_item(f"reasons.{key}", LONG, label=question.statement, key="reason")
            for key, question in QUESTIONS.items()
        ),
    ),
)

_REPEATING = frozenset(section.name for section in FORM if section.repeats)
#: The number of a group in a field's name; it is the group's place in the form, not the number of a lesion.
GROUP_NUMBER = re.compile(r"[0-9]{1,3}")


@lru_cache(maxsize=1)
def _by_field() -> dict[str, FormItem]:
    by_field = {}
    for section in FORM:
        for item in section.items:
            name = f"{section.name}.{item.name}" if section.repeats else item.name
            by_field[name] = item
            if item.kind is InputKind.PAIRS:
                by_field |= {f"{name}.{choice.value}": item for choice in item.choices}
    return by_field


def item_of_field(field: str) -> FormItem | None:
    """The item a form field belongs to (numbers of repeated groups are ignored), or None."""
    return _by_field().get(".".join(step for step in field.split(".") if not step.isdecimal()))


def is_field(field: str) -> bool:
    """Whether the form has a field of exactly this name: a group's number is 0 to 999, and only where one repeats."""
    section, _, rest = field.partition(".")
    if section in _REPEATING:
        group, _, rest = rest.partition(".")
        return bool(GROUP_NUMBER.fullmatch(group)) and f"{section}.{rest}" in _by_field()
    return field in _by_field()


def required_below(field: str) -> list[str]:
    """The required fields of a whole group that is missing, such as `protocol`; empty for a single item."""
    return [name for name, item in _by_field().items() if item.required and name.startswith(f"{field}.")]
