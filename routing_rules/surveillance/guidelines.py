"""Which intervals a site follows: declared guidelines, their limits and the wishes of reports, all data with sources.

The table is `guidelines.json`. A site declares one of its guidelines, or writes its own from the same rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from routing_rules.surveillance.days import months_after


class Population(StrEnum):
    """Whom a rule is for."""

    ON_TREATMENT = "on_treatment"
    ANTIBODY_NEGATIVE = "antibody_negative"
    HIGH_RISK = "high_risk"
    LONG_EXPOSURE = "long_exposure"
    HIGH_RISK_LONG = "high_risk_long"
    AFTER_STOPPING = "after_stopping"
    END_OF_THERAPY = "end_of_therapy"
    START_OF_NEXT = "start_of_next"


class WishKind(StrEnum):
    """What a signed report asks for."""

    FOLLOW_UP = "follow_up"
    REPEAT = "repeat"
    CONTRAST = "contrast"
    URGENT = "urgent"


Sequence = Literal["flair", "t2", "dwi", "t1", "t1_contrast"]
SEQUENCE_NAMES: Mapping[str, str] = {
    "flair": "FLAIR",
    "t2": "T2",
    "dwi": "DWI with b = 1000 s/mm²",
    "t1": "T1",
    "t1_contrast": "T1 with contrast",
}
STANDS_FOR: Mapping[str, str] = {"trace": "dwi", "t1_contrast": "t1"}
"""Kind of series -> the sequence it is as good as."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Window(_Strict):
    """When an MRI belongs; either in months or in weeks after the day it is counted from."""

    id: str = Field(min_length=1)
    when: str = Field(min_length=1)
    earliest_months: int = Field(0, ge=-120, le=120)
    latest_months: int = Field(0, ge=-120, le=120)
    earliest_weeks: int = Field(0, ge=-520, le=520)
    latest_weeks: int = Field(0, ge=-520, le=520)
    sequences: tuple[Sequence, ...] = ()
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        first, last = self.after(date(2000, 1, 1))
        if first > last:
            raise ValueError(f"{self.id}: earliest is after latest; exchange them")
        return self

    def after(self, day: date) -> tuple[date, date]:
        """The first and the last day on which the MRI after `day` belongs."""
        return (
            months_after(day, self.earliest_months) + timedelta(weeks=self.earliest_weeks),
            months_after(day, self.latest_months) + timedelta(weeks=self.latest_weeks),
        )


class Interval(_Window):
    """One rule; `clock` says whether any MRI that can be read answers it, or only a full one."""

    applies_to: Population
    clock: Literal["any", "full"] = "any"


class Wish(_Window):
    """What a report's wish means for the calendar, counted from the MRI it was made on."""

    applies_to: WishKind


class Limit(_Strict):
    """A number that bounds a population, with its source."""

    value: float = Field(ge=0, le=600)
    unit: str
    source: str = Field(min_length=1)


class Limits(_Strict):
    """What the populations of the rules are bounded by."""

    high_risk_from_months: Limit
    long_exposure_months: Limit
    inconclusive_index_from: Limit
    negative_index_up_to: Limit
    low_index_up_to: Limit
    high_index_above: Limit
    test_valid_months: Limit
    after_stopping_months: Limit
    closing_months: Limit


class FullMri(_Strict):
    """What makes an MRI a full one."""

    sequences: tuple[Sequence, ...]
    source: str


class Note(_Strict):
    """A statement of a source that gives no interval, to be shown beside the dates."""

    id: str
    text: str
    source: str


class Declared(_Strict):
    """A guideline by the numbers of its rules; `added` says which rule of another fills its gaps, and why."""

    name: str
    title: str
    intervals: tuple[str, ...]
    added: Mapping[str, str]


class SurveillanceTable(_Strict):
    """The whole of guidelines.json."""

    about: str
    edition: str
    full_mri: FullMri
    guidelines: tuple[Declared, ...]
    intervals: tuple[Interval, ...] = Field(min_length=1)
    wishes: tuple[Wish, ...]
    limits: Limits
    notes: tuple[Note, ...]


class OwnGuideline(_Strict):
    """A site's own guideline: rules of the table by number, rules of its own, and limits that differ."""

    title: str = Field(min_length=1, max_length=80)
    use: tuple[str, ...] = ()
    intervals: tuple[Interval, ...] = ()
    limits: Mapping[str, Limit] = {}


@dataclass(frozen=True)
class Guideline:
    """What one site follows: its rules, its limits, and what was added where it is silent (rule -> why)."""

    name: str
    title: str
    intervals: tuple[Interval, ...]
    limits: Limits
    wishes: tuple[Wish, ...]
    added: Mapping[str, str] = field(default_factory=dict, hash=False)

    def has_clock_of_full_mri(self) -> bool:
        """Whether a rule asks for a full MRI."""
        return any(rule.clock == "full" for rule in self.intervals)

    def silent_about(self) -> tuple[str, ...]:
        """What it has no rule for, in words that follow its name, where silence hides a risk."""
        asked = {rule.applies_to for rule in self.intervals}
        return tuple(said for population, said in SILENT.items() if population not in asked)


@dataclass(frozen=True)
class SiteGuidelines:
    """Which guideline each site declared; `default` for those that declared none."""

    default: Guideline
    by_site: Mapping[str, Guideline] = field(default_factory=dict)

    def of(self, site: str) -> Guideline:
        """The guideline of a site."""
        return self.by_site.get(site, self.default)


SILENT: Mapping[Population, str] = {
    Population.AFTER_STOPPING: "has no rule for the time after natalizumab: when it is stopped no MRI is asked for, "
    "and PML that is carried over is not looked for",
}
"""Population that any guideline should have a rule for -> what follows where it has none."""
STRICTEST = "strictest"
OWN = "own"
REPORT = "REPORT"
"""Number of what a report asks for by itself, beyond the wishes of the sources."""


@cache
def standard_table() -> SurveillanceTable:
    """The table that comes with this library."""
    text = files("routing_rules.surveillance").joinpath("guidelines.json").read_text(encoding="utf-8")
    return SurveillanceTable.model_validate_json(text)


@cache
def guideline(name: str) -> Guideline:
    """A guideline of the table by name. Raises KeyError."""
    table = standard_table()
    declared = {each.name: each for each in table.guidelines}[name]
    wanted = {*declared.intervals, *declared.added}
    chosen = tuple(rule for rule in table.intervals if rule.id in wanted)
    return Guideline(declared.name, declared.title, chosen, table.limits, table.wishes, declared.added)


def names() -> tuple[str, ...]:
    """The guidelines of the table."""
    return tuple(each.name for each in standard_table().guidelines)


def own_guideline(text: str) -> Guideline:
    """A site's own guideline from JSON. Raises ValueError in words for whoever wrote it.

    The yearly full MRI of EMA/137488/2016 is for every patient on natalizumab: it stays where the file leaves it out.
    """
    table = standard_table()
    try:
        own = OwnGuideline.model_validate_json(text)
    except ValidationError as error:
        told = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in error.errors()
        )
        raise ValueError(told) from None
    known = {rule.id: rule for rule in table.intervals}
    strange = sorted({*own.use} - {*known})
    if strange:
        raise ValueError(f"use: there is no rule {', '.join(strange)}; known are {', '.join(known)}")
    taken = {*known, *(each.id for each in table.wishes), REPORT}
    twice = sorted({rule.id for rule in own.intervals} & taken)
    if twice or len({rule.id for rule in own.intervals}) < len(own.intervals):
        raise ValueError(
            f"intervals: {', '.join(twice) or 'a number'} is taken; give own rules numbers of their own"
        )
    unknown = sorted({*own.limits} - {*Limits.model_fields})
    if unknown:
        raise ValueError(
            f"limits: there is no {', '.join(unknown)}; known are {', '.join(Limits.model_fields)}"
        )
    kept = (
        {}
        if "EMA-ALL" in own.use
        else {"EMA-ALL": "a full MRI once a year is for every patient on natalizumab"}
    )
    chosen = (*(known[number] for number in (*dict.fromkeys(own.use), *kept)), *own.intervals)
    parts = sorted(name for name, limit in own.limits.items() if name.endswith("_months") and limit.value % 1)
    if parts:
        raise ValueError(f"limits: {', '.join(parts)}: months are whole numbers; write 12")
    limits = table.limits.model_copy(update=dict(own.limits))
    return Guideline(OWN, own.title, chosen, limits, table.wishes, kept)
