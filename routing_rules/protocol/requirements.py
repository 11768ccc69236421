"""What is asked of a study, as data with sources: protocol.yaml, read and checked once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dicom_nodes.config_files.validation import problems_of
from dicom_nodes.config_files.yaml_lines import read_yaml
from routing_rules.errors import RuleFileError
from routing_rules.series.series import SeriesKind
from routing_rules.statements.table import sources


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Threshold(_Strict):
    """One number that is asked for, and the key of its source."""

    value: float = Field(ge=0)
    source: str


class Quoted(_Strict):
    """A source by its key in `statements/sources.json`, and what it says of what is asked here."""

    of: str
    says: str = Field(min_length=3)

    def __str__(self) -> str:
        return f"{sources()[self.of].cited}, {self.says}"


class BValues(_Strict):
    """Which b-values count, both ends included; s/mm²."""

    lowest: float = Field(gt=0)
    highest: float = Field(gt=0)
    source: str

    def holds(self, b_value: float | None) -> bool:
        """Does a b-value count? One that is not known does not."""
        return b_value is not None and self.lowest <= b_value <= self.highest


class Wanted(_Strict):
    """One series that is asked for. `widest_gap` is a share of the slice thickness; None is not asked for.

    Slices above `thickest_mm` limit the reading; above `thickest_at_all_mm` the series does not meet what is asked.
    """

    name: str
    label: str
    kinds: tuple[SeriesKind, ...] = Field(min_length=1)
    essential: bool
    """Without it the study is not readable for the question."""
    only_when_suspected: bool = False
    b_values: BValues | None = None
    thickest_mm: Threshold
    thickest_at_all_mm: Threshold
    three_d_will_do: bool = False
    widest_gap: Threshold
    largest_pixel_mm: Threshold | None = None
    source: str
    ask: str
    """What the sender's site is asked for."""
    confirm: str = ""
    """What people are asked where a series of the kind is not proven; empty where such a series will do."""

    def sources(self) -> tuple[str, ...]:
        """The keys of the sources of everything that is asked of it, each once."""
        thickness = (self.thickest_mm, self.thickest_at_all_mm)
        asked = (self.b_values, *thickness, self.widest_gap, self.largest_pixel_mm)
        return tuple(dict.fromkeys((self.source, *(one.source for one in asked if one is not None))))


class Lengths(_Strict):
    """Of a brain along the axes of the patient (PS3.3 C.7.6.2.1.1: x to the left, y to the back, z to the head), mm."""

    left_right: float = Field(gt=0)
    front_back: float = Field(gt=0)
    head_foot: float = Field(gt=0)

    @property
    def axes(self) -> tuple[float, float, float]:
        """In the order x, y, z."""
        return self.left_right, self.front_back, self.head_foot


class Brain(_Strict):
    """How large an adult brain is: the smallest that is reckoned with, and the usual."""

    least_mm: Lengths
    usual_mm: Lengths
    source: str


class Simplified(_Strict):
    """The protocol that a site may declare for surveillance: what it leaves out, and its name in words."""

    not_essential: tuple[str, ...]
    words: str
    source: str


class Protocol(_Strict):
    """Everything that is asked of a study, and the sources by key."""

    edition: str
    sources: dict[str, Quoted]
    brain: Brain
    field_strength_t: Threshold
    least_imaged: Threshold
    requirements: tuple[Wanted, ...]
    simplified: Simplified

    @model_validator(mode="after")
    def _known(self) -> Self:
        own = (self.brain, self.field_strength_t, self.least_imaged, self.simplified)
        named = {one.source for one in own} | {key for one in self.requirements for key in one.sources()}
        if lacking := sorted(named - set(self.sources)):
            raise ValueError(f"names a source that is not listed: {', '.join(lacking)}")
        if lacking := sorted({one.of for one in self.sources.values()} - set(sources())):
            raise ValueError(f"quotes what is not in sources.json: {', '.join(lacking)}")
        names = {one.name for one in self.requirements}
        if lacking := sorted(set(self.simplified.not_essential) - names):
            raise ValueError(f"simplified names a series that is not asked for: {', '.join(lacking)}")
        return self

    def of_kind(self, kind: SeriesKind) -> Wanted | None:
        """What is asked of a series by its kind; of T1 without contrast what is asked of T1 with contrast."""
        known = {each: one for one in self.requirements for each in one.kinds}
        if kind is SeriesKind.T1:
            with_contrast = known.get(SeriesKind.T1_CONTRAST)
            return with_contrast and with_contrast.model_copy(update={"kinds": (kind,), "confirm": ""})
        return known.get(kind)

    def asked(self, *, suspected: bool, simplified: bool) -> tuple[Wanted, ...]:
        """What is asked of one study. A suspicion is always judged by the full protocol."""
        lighter = self.simplified.not_essential if simplified and not suspected else ()
        return tuple(
            one.model_copy(update={"essential": False}) if one.name in lighter else one
            for one in self.requirements
            if suspected or not one.only_when_suspected
        )


def protocol_from_text(text: str, source: str) -> Protocol:
    """The protocol of one YAML text. Raises RuleFileError with every problem in it."""
    read = read_yaml(text, source)
    if read.problems:
        raise RuleFileError(read.problems)
    try:
        return Protocol.model_validate({} if read.data is None else read.data)
    except ValidationError as error:
        raise RuleFileError(tuple(problems_of(error, read, source, Protocol))) from error


@cache
def standard_protocol() -> Protocol:
    """The protocol that comes with this library."""
    text = files("routing_rules.protocol").joinpath("protocol.yaml").read_text(encoding="utf-8")
    return protocol_from_text(text, "protocol.yaml")
