"""Studies described by hand, as tests beside rules do: any facts, a kind for a whole series, one value for a list."""

from __future__ import annotations

from dataclasses import fields
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Strict, create_model

from routing_rules.facts import StudyFacts
from routing_rules.series.series import SeriesFacts, SeriesKind

_STRICT = (str, int, float, bool)
_UNKNOWN_SERIES = SeriesFacts("", "MR", "", SeriesKind.OTHER, 1.0)


class _Described(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _fields_of(record: type, leave_out: str = "") -> dict[str, Any]:
    """Every field of a dataclass as an optional field of a model; a list may be given as one value."""
    hints = get_type_hints(record)
    return {
        field.name: (_lenient(hints[field.name]) | None, None)
        for field in fields(record)
        if field.name != leave_out
    }


def _lenient(hint: Any) -> Any:
    """Numbers stay numbers and texts texts: 5 is no text, "5" no number, yes no number."""
    if hint in _STRICT:
        return Annotated[hint, Strict()]
    if get_origin(hint) is tuple:
        one: Any = _lenient(get_args(hint)[0])
        return tuple.__class_getitem__((one, ...)) | one
    if get_origin(hint) is UnionType:
        return reduce(or_, map(_lenient, get_args(hint)))
    return hint


_Series = create_model("DescribedSeries", __base__=_Described, **_fields_of(SeriesFacts, "stacks"))


class DescribedStudy(create_model("_Study", __base__=_Described, **_fields_of(StudyFacts, "series"))):  # type: ignore[misc]
    """Facts of a study as a person writes them; what is left out is not known."""

    series: tuple[SeriesKind | _Series, ...] = ()

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the facts that were written down."""
        return tuple(name for name in type(self).model_fields if name in self.model_fields_set)

    def to_facts(self) -> StudyFacts:
        """The facts described."""
        values = {name: _many(name, getattr(self, name)) for name in self.given if name != "series"}
        series = tuple(_series(number, one) for number, one in enumerate(self.series, start=1))
        return StudyFacts(
            **{name: value for name, value in values.items() if value is not None}, series=series
        )


_LISTS = frozenset(
    (record, field.name)
    for record in (StudyFacts, SeriesFacts)
    for field in fields(record)
    if field.default == ()
)


def _many(name: str, value: Any, record: type = StudyFacts) -> Any:
    return (
        (value,) if (record, name) in _LISTS and value is not None and not isinstance(value, tuple) else value
    )


def _series(number: int, described: Any) -> SeriesFacts:
    standard = {**_UNKNOWN_SERIES.__dict__, "series_instance_uid": str(number), "series_number": number}
    if isinstance(described, SeriesKind):
        return SeriesFacts(**{**standard, "kind": described})
    given = {name: _many(name, getattr(described, name), SeriesFacts) for name in described.model_fields_set}
    return SeriesFacts(**{**standard, **{name: value for name, value in given.items() if value is not None}})
