"""Does a value of one element say who the patient is? The rules for text, codes, vendors' texts and numbers.

The same rules decide in de-identification what has to go and in the leak search what is a leak, so that a coincidence
(a patient called White, a scanner called Vida, series number 1234 and study number 1234) neither spoils an image nor
parks a study. Words: `constant_words.json`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from gateway.privacy.identifiers.numbers import SHORTEST_NUMBER, says
from gateway.privacy.identifiers.pieces import bare, has_initials, pieces_of, runs_of
from gateway.privacy.identifiers.values import IdentifyingValue, ValueKind
from gateway.privacy.words.constants import vendor_words

SHORTEST_ANYWHERE: Final = 6  # letters; shorter words count only where they stand alone
SHORTEST_ALONE: Final = 4  # letters; shorter words count only as whole words of text
_NOT_WORD: Final = re.compile(r"[\W_]+")


def words_of(text: str) -> set[str]:
    """The casefolded words of `text`."""
    return set(_NOT_WORD.split(text.casefold())) - {""}


class IdentifierDetector:
    """Answers whether values of single elements contain one of the identifying values."""

    def __init__(self, values: Collection[IdentifyingValue]) -> None:
        initials = [value.value for value in values if value.kind is ValueKind.INITIALS]
        self._initials = frozenset(initials)
        self._values = [
            (value, value.value.casefold()) for value in values if value.kind is not ValueKind.INITIALS
        ]
        self._numbers = {w.lstrip("0") for value, w in self._values if value.kind is ValueKind.NUMBER}
        self._dates = {w for value, w in self._values if value.kind is ValueKind.DATE}
        self._judged: dict[tuple[str, str], bool] = {}

    def in_text(self, text: str) -> bool:
        """In a text people can type (LO, SH, LT, ...)."""
        return self._remembered("text", text)

    def in_code(self, value: str) -> bool:
        """In a coded string (CS) without terms: short words and numbers do not count there."""
        return self._remembered("code", value)

    def in_vendor_text(self, text: str) -> bool:
        """In Manufacturer, ManufacturerModelName or SoftwareVersions: names count as whole words only.

        Numbers and dates count as in any text, for a version may be written like them; initials do not (MR 3).
        """
        return self._remembered("vendor", text)

    def in_number(self, vr: str, text: str, keyword: str = "") -> bool:
        """In one value of a number's VR, written as a decimal string (`numbers.as_text`)."""
        return says(vr, keyword, text, self._numbers, self._dates)

    def _remembered(self, where: str, text: str) -> bool:
        key = (where, text)
        if key not in self._judged:
            self._judged[key] = bool(text) and self._judge(where, text)
        return self._judged[key]

    def _judge(self, where: str, text: str) -> bool:
        if where == "text" and self._initials and has_initials(text, self._initials):
            return True
        folded, words = text.casefold(), words_of(text)
        constant = vendor_words() if where == "vendor" else frozenset()
        return any(
            wanted not in constant and _occurs(value.kind, wanted, where, folded, words)
            for value, wanted in self._values
        )


def is_short(wanted: str, text: str) -> bool:
    """Whether a text says a short identifier, in whatever pieces; numbers in it with leading zeros or without."""
    pieces, runs = pieces_of(text), runs_of(wanted)
    return "".join(runs) in pieces.joined or "".join(map(bare, runs)) in pieces.bare


def is_in_pieces(number: str, text: str) -> bool:
    """Whether a text says a number in pieces, whatever stands between them."""
    wanted = number.lstrip("0")
    return len(wanted) >= SHORTEST_ALONE and any(
        one.isdigit() and one.lstrip("0") == wanted for one in pieces_of(text).joined
    )


def _occurs(kind: ValueKind, wanted: str, where: str, folded: str, words: set[str]) -> bool:
    if kind in (ValueKind.UID, ValueKind.DATE):
        return wanted in folded or (
            kind is ValueKind.DATE and where != "code" and wanted in pieces_of(folded).dates
        )
    if kind is ValueKind.SHORT:
        return where != "code" and is_short(wanted, folded)
    if kind is ValueKind.NUMBER:
        number = wanted.lstrip("0")
        if where != "code" and is_in_pieces(wanted, folded):
            return True
        if len(number) < SHORTEST_ALONE:  # leading zeros tell it from a small number
            return where != "code" and wanted in words
        if len(number) >= SHORTEST_NUMBER:
            return any(run.lstrip("0") == number for run in re.findall(r"\d+", folded))
        return where != "code" and any(word.lstrip("0") == number for word in words)
    if kind is ValueKind.NAME and (where == "vendor" or len(wanted) < SHORTEST_ALONE):
        return where != "code" and wanted in words
    if len(wanted) < SHORTEST_ALONE:
        return False
    if len(wanted) < SHORTEST_ANYWHERE:
        return re.search(rf"(?<![^\W\d_]){re.escape(wanted)}(?![^\W\d_])", folded) is not None
    return wanted in folded
