"""One text for all ways of writing one value: dates, times, numbers and names (PS3.5 section 6.2). Never raises."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from types import MappingProxyType
from typing import Final

_EXACT: Final = Context(prec=10_000)


def _date(text: str) -> str:
    return re.sub(r"^([0-9]{4})\.([0-9]{2})\.([0-9]{2})$", r"\1\2\3", text)  # as ACR-NEMA wrote it


def _time(text: str) -> str:
    return _whole(text.replace(":", ""))  # as ACR-NEMA wrote it


def _date_time(text: str) -> str:
    found = re.fullmatch(r"([0-9.]+)([+-][0-9]{4})?", text)
    return _whole(found[1]) + (found[2] or "") if found else text


def _whole(text: str) -> str:
    """Digits without a fraction of zeros, and without zeros at its end."""
    return text.rstrip("0").rstrip(".") if re.fullmatch(r"[0-9]+\.[0-9]*", text) else text


def _decimal(text: str) -> str:
    if not re.fullmatch(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?", text):
        return text
    return str((Decimal(text).normalize(_EXACT)) if Decimal(text) else Decimal(0))


def _integer(text: str) -> str:
    found = re.fullmatch(r"([+-]?)([0-9]+)", text)
    if not found:
        return text
    digits = found[2].lstrip("0")
    return f"{found[1].replace('+', '')}{digits}" if digits else "0"


def _name(text: str) -> str:
    groups = ("^".join(part.strip(" ") for part in group.split("^")).rstrip("^") for group in text.split("="))
    return "=".join(groups).rstrip("=")


NORMAL_FORMS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {"DA": _date, "TM": _time, "DT": _date_time, "DS": _decimal, "IS": _integer, "PN": _name}
)
"""By VR; a VR that is not here has one way of writing only."""
