"""FORM: the report form as one table, so that the web page renders it generically.

Every row of the sources' MS-versus-PML table is one item of a lesion and shows both patterns beside it; help texts are
in `help_texts` with their source. Field names are those of `report_from_form`: dotted, and numbered in a section that
repeats (`lesions.0.border`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from gateway.reporting import answers as a
from gateway.reporting.codes import label as code_label
from gateway.reporting.help_texts import HELP, PATTERNS
from gateway.reporting.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable


class InputKind(StrEnum):
    """How an item is entered."""

    CHOICE = "choice"
    CHOICES = "choices"
    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    UIDS = "uids"


@dataclass(frozen=True)
class Choice:
    """One answer of an item: what is stored and what is read."""

    value: str
    label: str


@dataclass(frozen=True)
class FormItem:
    """One question of the form. `name` is relative to its section when the section repeats."""

    name: str
    label: str
    kind: InputKind
    choices: tuple[Choice, ...] = ()
    required: bool = False
    unit: str = ""
    help: str = ""
    source: str = ""
    ms_pattern: str = ""
    pml_pattern: str = ""

    @property
    def several(self) -> bool:
        """True when more than one answer may be given."""
        return self.kind in {InputKind.CHOICES, InputKind.UIDS}


@dataclass(frozen=True)
class FormSection:
    """A group of items; when it `repeats`, its fields are `<name>.<number>.<item>`."""

    name: str
    title: str
    items: tuple[FormItem, ...]
    repeats: bool = False
    help: str = ""

    def field(self, item: FormItem, number: int = 0) -> str:
        """Form field of `item`, in the `number`-th group (from 0) of a section that repeats."""
        return f"{self.name}.{number}.{item.name}" if self.repeats else item.name


def _item(
    name: str,
    kind: InputKind,
    question: type[a.Answer] | None = None,
    *,
    label: str = "",
    key: str = "",
    required: bool = False,
    unit: str = "",
    only: Iterable[a.Answer] = (),
) -> FormItem:
    """One row; its label is the meaning of its code unless a plainer one is given."""
    key = key or name.rsplit(".", 1)[-1]
    choices = tuple(Choice(answer.value, answer.label) for answer in (only or question or ()))
    ms, pml = PATTERNS.get(key, ("", ""))
    text, source = HELP.get(key, ("", ""))
    return FormItem(name, label or code_label(key), kind, choices, required, unit, text, source, ms, pml)


def _sequence(name: str) -> tuple[FormItem, ...]:
    title, path = code_label(f"sequence.{name}"), f"protocol.sequences.{name}"
    seen = (a.Presence.PRESENT, a.Presence.ABSENT)
    covers = _item(
        f"{path}.coverage", InputKind.CHOICE, a.Coverage, label=f"{title}: coverage", key="coverage"
    )
    return (
        _item(
            f"{path}.acquired",
            InputKind.CHOICE,
            only=seen,
            label=title,
            key=f"sequence.{name}",
            required=True,
        ),
        _item(
            f"{path}.thickness_mm",
            InputKind.NUMBER,
            label=f"{title}: slice thickness",
            key="slice_thickness",
            unit="mm",
        ),
        _item(
            f"{path}.quality", InputKind.CHOICE, a.Quality, label=f"{title}: quality", key="sequence_quality"
        ),
        *((covers,) if name in a.REQUIRED_SEQUENCES else ()),
    )


def _ratios(path: str, suffix: str) -> tuple[FormItem, ...]:
    names = ("naa_cr", "naa_cho", "cho_cr", "lip_cr")
    return tuple(
        _item(f"{path}.{name}", InputKind.NUMBER, label=f"{code_label(name)}{suffix}", key=name)
        for name in names
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
            _item("language", CHOICE, a.Language, label="Language of the free text"),
            _item("context.referral", CHOICE, a.Referral),
            _item("context.pml_status", CHOICE, a.PmlStatus),
            _item("context.pml_certainty", CHOICE, a.PmlCertainty),
            _item("context.question", LONG),
            _item("context.symptoms", LONG),
            _item("context.natalizumab_months", NUMBER, unit="months"),
            _item("context.dosing_interval_weeks", NUMBER, unit="weeks"),
            _item("context.jcv_antibodies", CHOICE, a.Presence),
            _item("context.jcv_index", NUMBER),
            _item("context.prior_immunosuppression", CHOICE, a.Presence),
            _item("context.csf_jcv_pcr", CHOICE, a.Presence),
            _item("context.kps", NUMBER, unit="0 to 100"),
            _item("context.edss", NUMBER, unit="0 to 10"),
        ),
    ),
    FormSection(
        "protocol",
        "Protocol and quality",
        (
            *(item for name in SEQUENCES for item in _sequence(name)),
            _item("protocol.completeness", CHOICE, a.Completeness, required=True),
            _item(
                "protocol.quality", CHOICE, a.Quality, label="Image quality of the examination", required=True
            ),
            _item("protocol.limitation", LONG),
            _item("protocol.contrast_correction", LONG),
        ),
    ),
    FormSection(
        "comparison",
        "Comparison",
        (
            _item("comparison.done", CHOICE, a.ComparisonDone, key="comparison", required=True),
            _item(
                "comparison.prior_study_date",
                InputKind.DATE,
                label="Date of the prior study, as shown to you",
            ),
            _item("comparison.t2_load_change", CHOICE, a.Change),
        ),
    ),
    FormSection(
        "findings",
        "Findings",
        (
            _item("new_lesion", CHOICE, a.NewLesion, required=True),
            _item("other_findings", LONG, label="Other findings"),
        ),
    ),
    FormSection(
        "lesions",
        "Lesions",
        (
            _item("sites", CHOICES, a.AnatomicalSite, key="site", required=True),
            _item("laterality", CHOICE, a.Laterality, required=True),
            _item("topography", CHOICES, a.Topography, required=True),
            _item("multiplicity", CHOICE, a.Multiplicity),
            _item("cortical_involvement", CHOICE, a.Presence, required=True),
            _item("morphology", CHOICE, a.Morphology, required=True),
            _item("border", CHOICE, a.Border, required=True),
            _item("time_course", CHOICE, a.TimeCourse, required=True),
            _item("t1", CHOICE, a.T1Signal, required=True),
            _item("t2", CHOICES, a.T2Signal, required=True),
            _item("dwi", CHOICE, a.DwiPattern, required=True),
            _item("adc", CHOICE, a.Adc),
            _item("enhancement", CHOICE, a.Enhancement, required=True),
            _item("swi", CHOICES, a.SwiPattern, required=True),
            _item("mass_effect", CHOICE, a.MassEffect, required=True),
            _item("haemorrhage", CHOICE, a.Presence),
            _item("long_axis_mm", NUMBER, unit="mm"),
            _item("volume_cm3", NUMBER, unit="cm³"),
            _item("attribution", CHOICE, a.Attribution, required=True),
            _item("comment", LONG),
            _item("key_images", InputKind.UIDS, label="Key images (SOP Instance UIDs)", key="key_image"),
        ),
        repeats=True,
        help=HELP["lesions"][0],
    ),
    FormSection(
        "spectra",
        "MR spectroscopy",
        (
            _item("site", CHOICE, a.AnatomicalSite, label="Voxel site", key="spectrum_site", required=True),
            _item("laterality", CHOICE, a.Laterality, required=True),
            *_ratios("values", ""),
            _item("reference", CHOICE, a.MrsReference, required=True),
            *_ratios("reference_values", ", reference"),
        ),
        repeats=True,
        help=HELP["spectra"][0],
    ),
    FormSection(
        "impression",
        "Impression",
        (
            _item("suspicion", CHOICE, a.Suspicion, required=True),
            _item("certainty_percent", NUMBER, unit="%"),
            _item("iris_phase", CHOICE, a.IrisPhase, required=True),
            _item("diagnoses", CHOICES, a.Diagnosis, key="diagnosis"),
            _item("narrative", LONG, label="Impression in words", required=True),
        ),
    ),
    FormSection(
        "recommendations",
        "Recommendations",
        (
            _item("recommendations", CHOICES, only=OFFERED, key="recommendation", required=True),
            _item("follow_up_value", NUMBER, label="Follow-up interval", key="follow_up_interval"),
            _item("follow_up_unit", CHOICE, a.IntervalUnit, label="Unit of the interval"),
            _item("recommendation_text", LONG),
        ),
    ),
    FormSection(
        "communication",
        "Critical result",
        (
            _item("communication.person", TEXT, key="communicated_to"),
            _item("communication.at", InputKind.DATETIME, key="communicated_at"),
        ),
        help=HELP["communication"][0],
    ),
    FormSection(
        "reasons",
        "Reasons given",
        tuple(
            _item(f"reasons.{key}", LONG, label=question.statement, key="reason")
            for key, question in QUESTIONS.items()
        ),
    ),
)


@lru_cache(maxsize=1)
def _by_field() -> dict[str, FormItem]:
    return {f"{s.name}.{i.name}" if s.repeats else i.name: i for s in FORM for i in s.items}


def item_of_field(field: str) -> FormItem | None:
    """The item a form field belongs to (numbers of repeated groups are ignored), or None."""
    return _by_field().get(".".join(step for step in field.split(".") if not step.isdecimal()))


def required_below(field: str) -> list[str]:
    """The required fields of a whole group that is missing, such as `protocol`; empty for a single item."""
    return [name for name, item in _by_field().items() if item.required and name.startswith(f"{field}.")]
