"""The parts of a report: one frozen model per group of the form (PS3.16 TID 2000 sections).

Lesions and spectra, which repeat, are in `lesions`.

Each part checks only itself (types, ranges, free text); what the parts must agree on among themselves is in `checks`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Annotated, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)

from gateway.reporting.answers import (
    REQUIRED_SEQUENCES,
    Answer,
    Change,
    ComparisonDone,
    Completeness,
    Coverage,
    JudgedBy,
    PmlCertainty,
    PmlStatus,
    Presence,
    Quality,
    Referral,
)
from gateway.reporting.codes import label
from routing_rules.protocol.requirements import standard_protocol

#: Context of validation in which a signed report is read: what it said then it says still.
SIGNED = {"signed": True}
_A = TypeVar("_A", bound=Answer)

_MONTH = (
    r"(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|m[aä]r(?:ch|z)?|maerz|apr(?:il)?|ma[yi]|jun[ei]?|jul[yi]?|aug(?:ust)?|"
    r"sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?|"
    r"janv(?:ier)?|f[ée]vr(?:ier)?|mars|avr(?:il)?|juin|juil(?:let)?|ao[uû]t|(?:sept|oct|nov)(?:em|o)bre|d[ée]c(?:embre)?|"
    r"genn?(?:aio)?|febbr(?:aio)?|marzo|aprile|magg?(?:io)?|giu(?:gno)?|lug(?:lio)?|agosto|sett?(?:embre)?|ott(?:obre)?|"
    r"(?:nov|dic)(?:embre)?)\b\.?"
)
_DAY = r"\d{1,2}(?:\.|st|nd|rd|th)?"
_YEAR = r"(?:19|20)\d{2}\b"
#: How dates are written; three numbers with slashes before a unit of length are the axes of a lesion.
_DATES = (
    r"\b\d{4}[-./]\d{1,2}[-./]\d{1,2}\b",
    rf"\b\d{{1,2}}-\d{{1,2}}-{_YEAR}",
    r"\b\d{1,2}[./]\s?\d{1,2}[./]\s?(?:19|20)?\d{2}\b(?!\s?[mc]m\b)",
    r"\b(?:19|20)\d{6}\b",
    rf"\b(?:{_DAY}\s?)?{_MONTH},?\s?(?:{_DAY},?\s)?{_YEAR}",
)
#: A date or a pseudonym in free text would go back to the hospital unchanged while everything coded is restored.
_LOOKS_LIKE_DATE = re.compile("|".join(_DATES), re.IGNORECASE)
_LOOKS_LIKE_PSEUDONYM = re.compile(r"\bPML-[A-Z2-7]{8}\b")


def date_in(text: str) -> str:
    """The first date written in a text; empty: none."""
    found = _LOOKS_LIKE_DATE.search(text)
    return found[0] if found else ""


def pseudonym_in(text: str) -> bool:
    """Whether a text has what looks like the pseudonym of a patient."""
    return _LOOKS_LIKE_PSEUDONYM.search(text) is not None


def _plain(text: object) -> object:
    """Line ends as LF, tabs as blanks: VR UT knows CR, LF and FF only (PS3.5 6.2)."""
    if not isinstance(text, str):
        return text
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")


def _printable(text: str) -> str:
    for character in text:
        if character != "\n" and unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"}:
            raise ValueError(f"contains the unprintable character U+{ord(character):04X}; delete it")
    return text


def _single_line(text: str) -> str:
    if "\n" in text:
        raise ValueError("must be one line; delete the line break")
    return text


def _without_identity(text: str, info: ValidationInfo) -> str:
    if info.context == SIGNED:
        return text
    if date_found := date_in(text):
        raise ValueError(
            f"contains the date {date_found!r}; dates shown to readers are shifted, write an interval instead, "
            "for example “3 months earlier”"
        )
    if pseudonym_in(text):
        raise ValueError(
            "contains the pseudonym of a patient; delete it, the gateway restores the patient itself"
        )
    return text


def _a_name(text: str, info: ValidationInfo) -> str:
    if info.context == SIGNED:
        return text
    if sum(character.isalpha() for character in text) < 2:
        raise ValueError("names nobody; enter a name or a function, for example “neurologist on call”")
    return text


def distinct(answers: tuple[_A, ...]) -> tuple[_A, ...]:
    """Each answer once, in the order of the form, so that the same choice gives the same report."""
    return tuple(choice for choice in type(answers[0]) if choice in answers) if answers else answers


#: Free text of the reader; refuses what identity restoring could not put right.
FreeText = Annotated[
    str,
    BeforeValidator(_plain),
    StringConstraints(strip_whitespace=True, max_length=4000),
    AfterValidator(_printable),
    AfterValidator(_without_identity),
]
#: Free text of the hospital, echoed.
SentText = Annotated[
    str,
    BeforeValidator(_plain),
    StringConstraints(strip_whitespace=True, max_length=4000),
    AfterValidator(_printable),
]
#: One line: the name of a person.
Line = Annotated[
    str,
    BeforeValidator(_plain),
    StringConstraints(strip_whitespace=True, max_length=200),
    AfterValidator(_printable),
    AfterValidator(_single_line),
]
#: A measured value, at most three decimals: it must fit into VR DS (16 characters) unchanged.
Measure = Annotated[Decimal, Field(ge=0, le=99999, decimal_places=3)]
Uid = Annotated[str, StringConstraints(pattern=r"^(0|[1-9]\d*)(\.(0|[1-9]\d*))+$", max_length=64)]


class ReportPart(BaseModel):
    """A frozen group of answers that knows no other fields than its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ClinicalContext(ReportPart):
    """What the hospital told about the patient; all optional, never read from images."""

    referral: Referral | None = None
    pml_status: PmlStatus | None = None
    pml_certainty: PmlCertainty | None = None
    question: SentText = ""
    symptoms: SentText = ""
    natalizumab_months: Annotated[Decimal, Field(ge=0, le=600, decimal_places=1)] | None = None
    dosing_interval_weeks: Annotated[Decimal, Field(gt=0, le=52, decimal_places=1)] | None = None
    jcv_antibodies: Presence | None = None
    jcv_index: Annotated[Decimal, Field(ge=0, le=10, decimal_places=3)] | None = None
    prior_immunosuppression: Presence | None = None
    csf_jcv_pcr: Presence | None = None
    kps: Annotated[int, Field(ge=0, le=100, multiple_of=10)] | None = None
    edss: Annotated[Decimal, Field(ge=0, le=10, multiple_of=Decimal("0.5"))] | None = None


class SequenceSeen(ReportPart):
    """One sequence of the protocol: was it there, how thick (mm), how good, how much of the brain it shows.

    `coverage` is asked of the required sequences; None in a report that was signed before it was asked.
    """

    acquired: Presence
    thickness_mm: Annotated[Decimal, Field(gt=0, le=50, decimal_places=3)] | None = None
    quality: Quality | None = None
    coverage: Coverage | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.acquired is Presence.UNDETERMINED:
            raise ValueError("a sequence is present or absent; choose one")
        if self.acquired is Presence.PRESENT and self.quality is None:
            raise ValueError("the quality of a sequence that is present is missing; choose one")
        if self.acquired is Presence.ABSENT and (self.quality or self.thickness_mm or self.coverage):
            raise ValueError("a sequence that is absent has no quality, thickness or coverage; delete them")
        return self

    @property
    def present(self) -> bool:
        """True when the sequence is in the study."""
        return self.acquired is Presence.PRESENT

    @property
    def readable(self) -> bool:
        """True when the sequence is in the study and of diagnostic quality."""
        return self.present and self.quality is Quality.DIAGNOSTIC

    @property
    def shortfall(self) -> str:
        """Why this sequence cannot exclude PML; empty when it is readable over the whole brain."""
        if not self.present:
            return "absent"
        if not self.readable:
            return "not readable"
        return {Coverage.PART: "shows a part of the brain", Coverage.UNKNOWN: "coverage not known"}.get(
            self.coverage or Coverage.WHOLE_BRAIN, ""
        )


class Sequences(ReportPart):
    """The protocol, sequence by sequence; FLAIR, T2 and DWI at b = 1000 s/mm2 are required."""

    flair: SequenceSeen
    t2: SequenceSeen
    dwi: SequenceSeen
    t1: SequenceSeen
    t1_contrast: SequenceSeen
    swi: SequenceSeen
    mrs: SequenceSeen


class Protocol(ReportPart):
    """What was acquired and whether it can answer the question.

    `judged_by` is the full protocol, in reports of before it was asked too, or the one that a site declared.
    """

    judged_by: JudgedBy = JudgedBy.FULL
    completeness: Completeness
    sequences: Sequences
    quality: Quality
    limitation: FreeText = ""
    contrast_correction: FreeText = ""

    @property
    def required(self) -> dict[str, SequenceSeen]:
        """The sequences without which PML cannot be excluded, by name: those of the protocol it is judged by."""
        spared = standard_protocol().simplified.not_essential if self.judged_by is JudgedBy.SIMPLIFIED else ()
        return {name: getattr(self.sequences, name) for name in REQUIRED_SEQUENCES if name not in spared}

    @property
    def shortfalls(self) -> tuple[str, ...]:
        """What keeps this examination from excluding PML, in words; empty when nothing does."""
        sequences = tuple(
            f"{label(f'sequence.{name}')} {seen.shortfall}"
            for name, seen in self.required.items()
            if seen.shortfall
        )
        if self.quality is Quality.NON_DIAGNOSTIC and not sequences:
            return ("the examination is of non-diagnostic quality",)
        return sequences


class Comparison(ReportPart):
    """The earlier study the reader compared with; its date as the reader saw it (shifted)."""

    done: ComparisonDone
    prior_study_date: date | None = None
    t2_load_change: Change | None = None


class Communication(ReportPart):
    """A critical result told to the sender: who was told, and when (aware date and time, never shifted)."""

    person: Annotated[Line, AfterValidator(_a_name)]
    at: AwareDatetime
