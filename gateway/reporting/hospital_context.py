"""What the hospital tells about a patient: checked when it is typed, shown to readers, taken into the report's form.

The form's own items of the request, and whom to call. A text that has the shape of an identity is refused with what it
is, because a reader would see it; whether a text says something of this very patient is looked at by the worker, which
knows the originals (`gateway.pipeline.jobs.contexts`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from gateway.reporting.form import FORM
from gateway.reporting.layout.items import FormItem, InputKind
from gateway.reporting.numbers import with_point
from gateway.reporting.parts import ClinicalContext, date_in, pseudonym_in

PREFIX: Final = "context."
CONTACTS: Final = "contacts"
LONGEST_CONTACTS: Final = 200
MOST_REFUSED: Final = 50
FREE_TEXTS: Final = ("question", "symptoms", CONTACTS)
"""What people type as they like; everything else is coded or a number."""

ITEMS: Final[tuple[FormItem, ...]] = tuple(
    item for section in FORM for item in section.items if item.name.startswith(PREFIX)
)
"""The questions, as the report's form asks them."""
_NAMES: Final = frozenset(item.name.removeprefix(PREFIX) for item in ITEMS)
_NUMBERS: Final = frozenset(item.name.removeprefix(PREFIX) for item in ITEMS if item.kind is InputKind.NUMBER)

_BORN: Final = re.compile(
    r"\b(?:geb(?:\.|oren|urtsdatum)?|born|dob|d\.o\.b\.?|date of birth|née?|nee|né\(e\)|date de naissance)(?!\w)",
    re.IGNORECASE,
)
_TITLED: Final = re.compile(
    r"\b(?:Herrn?|Frau|Mr|Mrs|Ms|Miss|Madame|Monsieur|Mme|Mlle|Signora?|Patient(?:in)?(?:\s+name)?\s*:)\.?\s+[^\W\d_a-z]"
)
_NUMBER: Final = re.compile(r"\d(?:[ ./-]?\d){5,}")
_MAIL: Final = re.compile(r"\S+@\S+\.\S+")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Kinds of characters by which a name is split for programs and not for eyes."""
_SHAPES: Final = (
    ("says when or as whom somebody was born", _BORN),
    ("names a person", _TITLED),
    ("has a long number", _NUMBER),
    ("has a mail address", _MAIL),
)
_OF_STAFF: Final = frozenset({"has a long number", "has a mail address", "names a person"})
"""What whom to call at the hospital may be: a telephone number, an address, a name."""


@dataclass(frozen=True)
class Refused:
    """Why a field cannot be kept, and what to write instead."""

    field: str
    problem: str
    fix: str


@dataclass(frozen=True)
class ToldContext:
    """What a hospital told: values of the request's items by name, as the form writes them, and whom to call."""

    values: Mapping[str, str]
    contacts: str = ""

    @property
    def is_empty(self) -> bool:
        """Nothing was told."""
        return not self.values and not self.contacts


def read_told(fields: Mapping[str, str]) -> tuple[ToldContext, tuple[Refused, ...]]:
    """What was typed (names with or without `context.`), and everything that cannot be kept; then nothing is."""
    given = {name.removeprefix(PREFIX): text.strip() for name, text in fields.items() if text.strip()}
    contacts = given.pop(CONTACTS, "")
    refused = [
        Refused(name[:60], "There is no such field.", "Remove it.") for name in given if name not in _NAMES
    ]
    known = {name: _decimal(name, text) for name, text in given.items() if name in _NAMES}
    refused += _wrong(known)
    if len(contacts) > LONGEST_CONTACTS:
        refused.append(Refused(CONTACTS, "This is too long.", f"Keep {LONGEST_CONTACTS} letters."))
    for name, text in {**known, CONTACTS: contacts}.items():
        if name in FREE_TEXTS and (shape := identity_shape(text, of_staff=name == CONTACTS)):
            refused.append(
                Refused(
                    name,
                    f"The text {shape}; readers see it, and know no patient.",
                    "Write it without: an age, a sex, an interval (“3 months ago”) are enough.",
                )
            )
    return ToldContext(known, contacts), tuple(refused[:MOST_REFUSED])


def identity_shape(text: str, *, of_staff: bool = False) -> str:
    """What in a text has the shape of an identity, in words; empty: nothing. `of_staff`: names and numbers may be."""
    if any(unicodedata.category(character) in _UNSEEN for character in text if character not in "\r\n\t"):
        return "has invisible characters"
    if of_staff and "\n" in text:
        return "has several lines"
    if date := date_in(text):
        return f"has the date {date!r}"
    if pseudonym_in(text):
        return "has the pseudonym of a patient"
    for said, shape in _SHAPES:
        if not (of_staff and said in _OF_STAFF) and shape.search(text):
            return said
    return ""


def _decimal(name: str, text: str) -> str:
    return with_point(text) if name in _NUMBERS else text


def _wrong(values: Mapping[str, Any]) -> list[Refused]:
    try:
        ClinicalContext.model_validate(values)
    except ValidationError as error:
        return [
            Refused(
                str(each["loc"][0]) if each["loc"] else "",
                f"{each['msg']}.",
                "Correct it, or leave it empty.",
            )
            for each in error.errors(include_url=False, include_input=False)
        ]
    return []
