"""Texts and numbers of one object: which say something that identifies its patient, and what may stay of a text."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from pydicom.dataelem import DataElement
from pydicom.tag import Tag

from dicom_nodes.encoding import vrs
from gateway.privacy.deidentify.coded_entries import SCHEMES
from gateway.privacy.elements import listed
from gateway.privacy.identifiers.detection import IdentifierDetector
from gateway.privacy.identifiers.numbers import NUMBERS, as_text, spells_text
from gateway.privacy.identifiers.values import IdentifyingValue, ValueKind
from gateway.privacy.words.coded_terms import is_term
from gateway.privacy.words.constants import VENDOR_ATTRIBUTES, clean_vendor_text
from gateway.privacy.words.radiology import (
    CONTRAST_GIVEN,
    NO_CONTRAST,
    clean_contrast_agent,
    clean_text,
    without_runs,
)

_SERIES_DESCRIPTION, _CONTRAST_AGENT = Tag(0x0008103E), Tag(0x00180010)
_OF_TERMS: Final = frozenset({"ImagedNucleus"})  # no CS, but no free text either
_UNSEEN_VRS: Final = vrs.BULK_VRS | {"UN"}  # samples and tables, which have rules of their own

_WORDS: Final = re.compile(r"[^\W_]+")
_OF_RADIOLOGY: Final = frozenset({"t1", "t2", "t1w", "t2w", "2d", "3d"})


class TextCleaner:
    """Judges by the identifying values of this very object.

    `names` are its names and numbers, case folded. `are_dropped`: no free text stays at all, since a short identifier
    would be found in everyday words.
    """

    def __init__(self, identifying: Collection[IdentifyingValue], series_kind: str | None) -> None:
        # Dates have their own rule (shifted by VR everywhere) and would be found in any long number.
        self._identifiers = IdentifierDetector([v for v in identifying if v.kind is not ValueKind.DATE])
        self._dates = IdentifierDetector([v for v in identifying if v.kind is ValueKind.DATE])
        self._in_digits = IdentifierDetector(
            [v for v in identifying if v.kind in (ValueKind.NUMBER, ValueKind.DATE)]
        )
        self._series_kind = series_kind or ""
        self.names = frozenset(
            v.value.casefold() for v in identifying if v.kind in (ValueKind.NAME, ValueKind.NUMBER)
        )
        self.are_dropped = any(v.kind is ValueKind.SHORT for v in identifying)

    def cleaned(self, element: DataElement) -> str | list[str]:
        """What may stay of a free text; empty when nothing may."""
        if self.are_dropped:
            return self._without_text(element)
        clean = clean_contrast_agent if element.tag == _CONTRAST_AGENT else clean_text
        values = [clean(self._without_said_digits(str(value)), self.names) for value in listed(element.value)]
        values = [
            "" if self._identifiers.in_text(value) or self._dates.in_text(value) else value
            for value in values
        ]
        if element.tag == _SERIES_DESCRIPTION and not any(values):
            return self._series_kind
        return (values if len(values) > 1 else values[0]) if any(values) else ""

    def _without_said_digits(self, text: str) -> str:
        """A text that says a number or date of the patient in pieces, without any of them: half a date says much."""
        if not self._in_digits.in_text(without_runs(text)):
            return text  # what stands in one piece goes as a whole anyway
        left = _WORDS.sub(_without_digits, text)
        return " ".join(word for word in left.split() if any(map(str.isalnum, word)))

    def _without_text(self, element: DataElement) -> str:
        """Of a text that may not stay: the kind of the series, and whether a contrast agent was given."""
        if element.tag == _SERIES_DESCRIPTION:
            return self._series_kind
        said = str(element.value or "") if element.tag == _CONTRAST_AGENT else ""
        cleaned = clean_contrast_agent(said, self.names)
        return cleaned if cleaned in ("", NO_CONTRAST) else CONTRAST_GIVEN

    def identify(self, element: DataElement) -> bool:
        """Whether a value of this element says something that identifies the patient."""
        vr, vendor = element.VR, element.keyword in VENDOR_ATTRIBUTES
        if vr in _UNSEEN_VRS:
            return False
        if spells_text(vr, listed(element.value)):
            return True
        if vr == "AT":
            return False
        for text in (as_text(vr, value) for value in listed(element.value)):
            if vr in NUMBERS:
                identifies = any(
                    each.in_number(vr, text, element.keyword) for each in (self._identifiers, self._dates)
                )
            elif vr == "CS":  # of the private safe list
                identifies = self._identifiers.in_code(text)
            elif vendor:
                identifies = self._identifiers.in_vendor_text(text) or self._dates.in_vendor_text(text)
            else:
                identifies = self._identifiers.in_text(text) or self._dates.in_text(text)
            if identifies:
                return True
        return False


def _without_digits(word: re.Match[str]) -> str:
    stays = word[0].casefold() in _OF_RADIOLOGY or not any(map(str.isdecimal, word[0]))
    return word[0] if stays else " "


def known_texts(element: DataElement) -> list[str]:
    """The values of a text that stays word for word, without what its attribute cannot mean."""
    values = [str(value) for value in listed(element.value)]
    if element.keyword in VENDOR_ATTRIBUTES:
        return [text for text in map(clean_vendor_text, values) if text]
    if element.keyword in _OF_TERMS:
        return [text for text in values if is_term(element.keyword, text)]
    if element.keyword in SCHEMES:
        return [text for text in values if SCHEMES[element.keyword](text)]
    return values
