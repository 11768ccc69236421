"""Codes as data: every concept and answer of the report, looked up by a readable key.

`codes.json` holds them. A public code stands there only when it was found in a published list (pydicom's copy of
PS3.16, ICD-10, RFC 5646; manual: design/sources); everything else is private, scheme 99NPSR, which every SR declares in
its Coding Scheme Identification Sequence (PS3.3 C.12.1.1.1). Keys are `question` for a concept and `question.answer`
for a value.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydicom.sr.coding import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE = Path(__file__).with_name("codes.json")


@dataclass(frozen=True)
class CodingScheme:
    """A private coding scheme as an SR declares it (PS3.3 Table 8.1-1)."""

    designator: str
    uid: str
    name: str
    responsible_organization: str


def _read() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return content


_CONTENT = _read()

#: The coding scheme of every code the standards do not have.
PRIVATE_SCHEME = CodingScheme(**_CONTENT["private_scheme"])

#: Every code of the report by its key.
CODES: Mapping[str, Code] = MappingProxyType(
    {key: Code(entry["value"], entry["scheme"], entry["meaning"]) for key, entry in _CONTENT["codes"].items()}
)


@dataclass(frozen=True)
class EarlierCode:
    """What documents of earlier versions have instead of the code of `key` now, and why it was given up.

    A code of the private scheme that is given up is never used again for anything else.
    """

    key: str
    was: Code
    because: str


EARLIER_CODES = tuple(
    EarlierCode(
        row["key"],
        Code(row["was"]["value"], row["was"]["scheme"], row["was"]["meaning"]),
        row["because"],
    )
    for row in _CONTENT["earlier"]
)


def code(key: str) -> Code:
    """The code of a concept (`"suspicion"`) or of an answer (`"suspicion.3"`); KeyError names an unknown key."""
    try:
        return CODES[key]
    except KeyError:
        raise KeyError(f"No code is defined for {key!r}; add it to {_FILE.name} with its source.") from None


def label(key: str) -> str:
    """The code meaning of `key`: what people read in the form, in the SR and in print."""
    return code(key).meaning


def number_text(value: Decimal | int) -> str:
    """A number as people write it: no exponent, no trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
