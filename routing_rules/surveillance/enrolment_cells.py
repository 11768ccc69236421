"""What the cells of an enrolment say, each read by its own function: values out, or the problem and its fix.

An empty cell or `unknown` means: not known. No problem ever quotes an identifier.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from dicom_nodes.config_files.file_problem import did_you_mean
from routing_rules.surveillance.risk import JcvStatus
from routing_rules.surveillance.treatments import Drug, Treatment, read_treatments


@dataclass(frozen=True)
class ImportProblem:
    """Why a line (or the whole text: line 1) cannot be used: what is wrong, the value, what to write instead."""

    line: int
    column: str
    problem: str
    value: str
    fix: str

    def __str__(self) -> str:
        found = f" (found {self.value})" if self.value else ""
        return f"line {self.line}, {self.column}: {self.problem}{found}. {self.fix}"


class _Unusable(ValueError):
    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.problem, self.fix = problem, fix


UNKNOWN = frozenset(
    {"", "unknown", "unbekannt", "n/a", "na", "nan", "none", "null", "?", "-", "k.a.", "keine angabe"}
)
_YES = frozenset({"yes", "y", "true", "1", "ja", "j"})
_NO = frozenset({"no", "n", "false", "0", "nein"})
_POSITIVE = frozenset({"positive", "positiv", "pos", "pos.", "+"})
_NEGATIVE = frozenset({"negative", "negativ", "neg", "neg.", "-ve"})


def cell_values(
    line: int, cells: Mapping[str, str], today: date
) -> tuple[dict[str, Any], list[ImportProblem]]:
    """What the cells say besides who it is."""
    values: dict[str, Any] = {}
    problems = []
    for column, read in _READ.items():
        said = (cells.get(column) or "").strip()
        if said.casefold() in UNKNOWN:
            continue
        try:
            values[column] = read(said)
        except _Unusable as error:
            problems.append(ImportProblem(line, column, error.problem, said[:40], error.fix))
    problems += _beyond(line, values, today)
    problems += _twice(line, values)
    if "months_on_natalizumab" in values:
        values.setdefault("recorded_on", today)
    return values, problems


def _beyond(line: int, values: Mapping[str, Any], today: date) -> list[ImportProblem]:
    days = [
        (column, value)
        for column, value in values.items()
        if isinstance(value, date) and column != "stopped_on"
    ]
    # A next therapy may be planned. Natalizumab that has not begun would put off every MRI until then.
    days += [
        ("treatments", each.started_on)
        for each in values.get("treatments", ())
        if each.started_on and each.drug is Drug.NATALIZUMAB
    ]
    return [
        ImportProblem(line, column, "lies in the future", day.isoformat(), "Correct the date.")
        for column, day in days
        if day > today
    ]


def _twice(line: int, values: Mapping[str, Any]) -> list[ImportProblem]:
    """Months are worked out from periods whose days are known: a second number would be ignored, or contradict them."""
    periods = [each for each in values.get("treatments", ()) if each.drug is Drug.NATALIZUMAB]
    if "months_on_natalizumab" not in values or not periods or any(not each.started_on for each in periods):
        return []
    fix = "Leave it empty: the months are worked out from the treatments."
    return [
        ImportProblem(
            line,
            "months_on_natalizumab",
            "stands beside periods of natalizumab",
            f"{values['months_on_natalizumab']:g}",
            fix,
        )
    ]


def _treatments(said: str) -> tuple[Treatment, ...]:
    try:
        return read_treatments(said)
    except ValueError as error:
        problem, _, fix = str(error).partition(". ")
        raise _Unusable(problem, fix) from None


_PLAIN = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|(\d{2})(\d{2}))"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
"""A day, as spreadsheets and programs write it with a time of day; seven digits, or words after it, are no date."""


def _day(said: str) -> date:
    """2026-03-04, 20260304, 4.3.2026 and 13/3/2026; 3/4/2026 could be March or April and is refused."""
    plain = _PLAIN.fullmatch(said)
    dotted = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", said)
    slashed = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", said)
    try:
        if plain:
            return _sensible(int(plain[1]), int(plain[2] or plain[4]), int(plain[3] or plain[5]))
        if dotted:
            return _sensible(int(dotted[3]), int(dotted[2]), int(dotted[1]))
        if slashed:
            one, other, year = (int(part) for part in slashed.groups())
            if one <= 12 and other <= 12 and one != other:
                raise _Unusable("could be two different days", "Write year-month-day, as 2026-03-04.")
            return _sensible(year, min(one, other), max(one, other))
    except ValueError as error:
        if isinstance(error, _Unusable):
            raise
    raise _Unusable("is no date", "Write year-month-day, as 2026-03-04.")


def _sensible(year: int, month: int, day: int) -> date:
    if not 1990 <= year <= 2100:
        raise _Unusable("is no date of a treatment", "Correct the year.")
    return date(year, month, day)


def _number(low: float, high: float) -> Callable[[str], float]:
    def read(said: str) -> float:
        try:
            value = float(said.replace(",", "."))
        except ValueError:
            raise _Unusable("is no number", "Write a number, as 0.9, or leave it empty.") from None
        if not low <= value <= high:
            raise _Unusable(f"is not from {low:g} to {high:g}", "Correct the number, or leave it empty.")
        return value

    return read


def _yes_or_no(said: str) -> bool:
    if said.casefold() in _YES | _NO:
        return said.casefold() in _YES
    raise _Unusable("is neither yes nor no", "Write yes, no or unknown.")


def _status(said: str) -> JcvStatus:
    if said.casefold() in _POSITIVE | _YES:
        return JcvStatus.POSITIVE
    if said.casefold() in _NEGATIVE | _NO:
        return JcvStatus.NEGATIVE
    raise _Unusable("is no JC virus status", f"Write positive, negative or unknown. {_hint(said)}".strip())


def _hint(said: str) -> str:
    close = did_you_mean(said.casefold(), ("positive", "negative", "unknown"))
    return close if close.startswith("Did") else ""


_READ: Mapping[str, Callable[[str], Any]] = {
    "enrolled_on": _day,
    "jcv_status": _status,
    "jcv_index": _number(0, 20),
    "months_on_natalizumab": _number(0, 600),
    "recorded_on": _day,
    "prior_immunosuppression": _yes_or_no,
    "dosing_interval_weeks": _number(1, 52),
    "stopped_on": _day,
    "tested_on": _day,
    "treatments": _treatments,
    "last_mri_on": _day,
    "last_full_mri_on": _day,
    "last_contrast_mri_on": _day,
}
