"""Replacement values by VR: dummies, shifted dates, ages. Pure functions on the strings of DICOM values."""

# ruff: noqa: SIM905 - lists of words read better as text

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, Final

REMOVED: Final = "REMOVED"
OLDEST_AGE: Final = 90
EARLIEST: Final = "19000101"

_DUMMIES: Final[dict[str, Any]] = {
    **dict.fromkeys(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"), REMOVED),
    "UR": "urn:removed",
    "AS": "000Y",
    "DA": EARLIEST,
    "DT": EARLIEST + "000000",
    "TM": "000000",
    **dict.fromkeys(("DS", "IS"), "0"),
    **dict.fromkeys(("FD", "FL"), 0.0),
    **dict.fromkeys(("AT", "SL", "SS", "SV", "UL", "US", "UV"), 0),
    **dict.fromkeys(("OB", "UN"), b"\0\0"),
    "OW": b"\0\0",
    **dict.fromkeys(("OF", "OL"), b"\0" * 4),
    **dict.fromkeys(("OD", "OV"), b"\0" * 8),
}
TEXT_VRS: Final = frozenset({"LO", "LT", "SH", "ST", "UC", "UT"})
NUMBER_VRS: Final = frozenset("DS IS FD FL US SS UL SL UV SV AT OB OW OF OD OL OV".split())
_DATE: Final = re.compile(r"(\d{4})([.\-]?)(\d{2})\2(\d{2})")
# Seconds of 60 are a leap second.
_TIME: Final = re.compile(r"([01][0-9]|2[0-3])(:?[0-5][0-9](:?([0-5][0-9]|60)(\.[0-9]{1,6})?)?)?")
_AGE: Final = re.compile(r"(\d{1,3})([DWMY])")


def dummy(vr: str) -> Any:
    """A value that says nothing, valid for `vr`."""
    return _DUMMIES[vr]


def parse_date(text: str) -> date | None:
    """A DA value, also in the old form YYYY.MM.DD; None for anything else."""
    match = _DATE.fullmatch(text.strip(" \0"))
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None


def shift_date(text: str, days: int) -> str | None:
    """DA `text` moved by `days` whole days as YYYYMMDD; None when it is no date (then it may not stay)."""
    original = parse_date(text)
    if original is None:
        return None
    try:
        moved = original + timedelta(days=days)
    except OverflowError:
        return None
    return f"{moved.year:04d}{moved.month:02d}{moved.day:02d}"


def shift_datetime(text: str, days: int) -> str | None:
    """DT `text` moved by `days`: the time of day stays, the time zone goes; None when it is no date and time.

    A DT cut short to year or month cannot be moved by days and is not kept.
    """
    match = re.fullmatch(r"(\d{8})(\d{2,6}(?:\.\d{1,6})?)?([+-]\d{4})?", text.strip(" \0"))
    if match and match[2] and not is_time(match[2]):
        return None
    moved = shift_date(match[1], days) if match else None
    return moved + (match[2] or "") if match and moved else None


def is_time(text: str) -> bool:
    """Whether `text` is a time of day (TM, PS3.5 6.2) and nothing more, old form HH:MM:SS included."""
    return _TIME.fullmatch(text.strip(" \0")) is not None


def shift_all(vr: str, texts: Sequence[str], days: int) -> list[str]:
    """DA and DT values moved by `days`, TM as they are; empty unless each is what `vr` promises."""
    shift: dict[str, Callable[[str], str | None]] = {
        "DA": lambda text: shift_date(text, days),
        "DT": lambda text: shift_datetime(text, days),
        "TM": lambda text: text if is_time(text) else None,
    }
    shifted = [shift[vr](text.strip(" \0")) for text in texts]
    complete = [text for text in shifted if text]
    return complete if len(complete) == len(shifted) else []


def age_between(birth: date, then: date) -> str | None:
    """PatientAge (AS) in whole years, capped at 090Y; months below two years; None when `then` is before birth."""
    if then < birth:
        return None
    years = then.year - birth.year - ((then.month, then.day) < (birth.month, birth.day))
    if years >= 2:
        return f"{min(years, OLDEST_AGE):03d}Y"
    months = (then.year - birth.year) * 12 + then.month - birth.month - (then.day < birth.day)
    return f"{months:03d}M"


def capped_age(text: str) -> str | None:
    """A recorded PatientAge, 90 years at most; None when it is no AS value."""
    match = _AGE.fullmatch(text.strip(" \0"))
    if match is None:
        return None
    number, unit = int(match[1]), match[2]
    years = number / {"D": 365.25, "W": 52.18, "M": 12, "Y": 1}[unit]
    return f"{OLDEST_AGE:03d}Y" if years >= OLDEST_AGE else f"{number:03d}{unit}"
