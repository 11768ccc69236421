"""What a patient was treated with and when, as one line of text and as periods.

`natalizumab 2019-03-01/2021-05-01, natalizumab 2022-01-01/.. every 6 weeks, plasma_exchange 2024-02-03`: days or `..`
between them as in ISO 8601; `..` at the end goes on, at the start is not known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise


class Drug(StrEnum):
    """A therapy of multiple sclerosis, or a plasma exchange (one day)."""

    NATALIZUMAB = "natalizumab"
    FINGOLIMOD = "fingolimod"
    ALEMTUZUMAB = "alemtuzumab"
    DIMETHYL_FUMARATE = "dimethyl_fumarate"
    OCRELIZUMAB = "ocrelizumab"
    OFATUMUMAB = "ofatumumab"
    UBLITUXIMAB = "ublituximab"
    RITUXIMAB = "rituximab"
    CLADRIBINE = "cladribine"
    SIPONIMOD = "siponimod"
    OZANIMOD = "ozanimod"
    PONESIMOD = "ponesimod"
    TERIFLUNOMIDE = "teriflunomide"
    INTERFERON = "interferon"
    GLATIRAMER = "glatiramer"
    OTHER = "other"
    PLASMA_EXCHANGE = "plasma_exchange"


@dataclass(frozen=True)
class Treatment:
    """One period; None is not known at the start, and goes on at the end. `weeks` between doses, None as labelled."""

    drug: Drug
    started_on: date | None
    stopped_on: date | None
    weeks: float | None = None

    def __str__(self) -> str:
        if self.drug is Drug.PLASMA_EXCHANGE:
            return f"{self.drug} {self.started_on}"
        every = f" every {self.weeks:g} weeks" if self.weeks else ""
        return f"{self.drug} {self.started_on or '..'}/{self.stopped_on or '..'}{every}"


MOST = 30
FORM = "natalizumab 2019-03-01/2021-05-01, natalizumab 2022-01-01/.."
_LINE = re.compile(
    r"(?P<drug>[a-z_]+(?:[ -]+[a-z_]+)*)\s+(?P<start>[\d-]{8,10}|\.\.)(?:/(?P<stop>[\d-]{8,10}|\.\.))?"
    r"(?:\s+every\s+(?P<weeks>\d{1,2}(?:\.\d)?)\s+weeks?)?"
)


def written(treatments: Sequence[Treatment]) -> str:
    """The line that `read_treatments` reads."""
    return ", ".join(map(str, treatments))


def read_treatments(text: str) -> tuple[Treatment, ...]:
    """The periods of a line, in order of their start. Raises ValueError: problem, full stop, fix."""
    said = [part.strip() for part in re.split(r"[,;+\n]", text.casefold()) if part.strip()]
    if len(said) > MOST:
        raise ValueError(f"has more than {MOST} periods. Write the newest {MOST}.")
    periods = [_treatment(part) for part in said]
    ordered = tuple(sorted(periods, key=lambda each: (each.started_on or date.min, each.drug)))
    _agree([each for each in ordered if each.drug is Drug.NATALIZUMAB])
    return ordered


def _treatment(part: str) -> Treatment:
    fits = _LINE.fullmatch(part)
    if fits is None:
        raise ValueError(f"is no list of treatments. Write a drug and its days, as {FORM}.")
    name = re.sub(r"[\s-]+", "_", fits["drug"].strip())
    if name not in {*Drug}:
        raise ValueError(f"names an unknown drug. Write one of {', '.join(Drug)}.")
    drug, start = Drug(name), _day(fits["start"])
    if drug is Drug.PLASMA_EXCHANGE:
        if start is None or fits["stop"] or fits["weeks"]:
            raise ValueError("gives a plasma exchange no single day. Write as plasma_exchange 2024-02-03.")
        return Treatment(drug, start, start)
    if fits["stop"] is None:
        raise ValueError(f"gives {drug} no end. Write .. where it goes on, as {drug} 2022-01-01/..")
    stop = _day(fits["stop"])
    if start and stop and stop < start:
        raise ValueError(f"ends {drug} before it begins. Correct the days.")
    weeks = float(fits["weeks"]) if fits["weeks"] else None
    if weeks is not None and not 1 <= weeks <= 52:
        raise ValueError("has doses not every 1 to 52 weeks. Correct the weeks.")
    return Treatment(drug, start, stop, weeks)


def _day(said: str) -> date | None:
    if said == "..":
        return None
    try:
        day = date.fromisoformat(said)
    except ValueError:
        raise ValueError("has a day that does not exist. Write year-month-day, as 2022-01-01.") from None
    if not 1990 <= day.year <= 2100:
        raise ValueError("has a day of no treatment. Correct the year.")
    return day


def _agree(natalizumab: Sequence[Treatment]) -> None:
    """Periods of natalizumab follow each other."""
    for earlier, later in pairwise(natalizumab):
        if earlier.stopped_on is None or later.started_on is None or later.started_on < earlier.stopped_on:
            raise ValueError(
                "has two periods of natalizumab that overlap. Give the earlier one its end, and the later its start."
            )
