"""Coded entries without free text: a code known to PS3.16 keeps its value and gets the Standard's own meaning.

CodeMeaning is typed or configured at the scanner, so it is never trusted; a local code could itself be a number of
a patient or an order, so unknown ones are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from pydicom.dataset import Dataset

from gateway.privacy.words.code_meanings import SNOMED_RT, standard_meaning
from gateway.privacy.words.dates_and_dummies import REMOVED
from gateway.privacy.words.radiology import clean_text

UNKNOWN_SCHEME: Final = "99PMLGW"
_FORMS: Final = {
    "UCUM": re.compile(r"[0-9A-Za-z{}\[\]/.*^%'()+-]{1,12}"),
    **dict.fromkeys(SNOMED_RT, re.compile(r"[A-Z][0-9]?-[0-9A-F]{4,6}")),
}


def clean_coded_entry(item: Dataset, names: Collection[str] = ()) -> bool:
    """Clean `item` (a copy) in place when it is a coded entry (PS3.3 8.8); True when anything had to change."""
    if "CodeMeaning" not in item and "CodeValue" not in item:
        return False
    before = (item.get("CodeValue"), item.get("CodingSchemeDesignator"), item.get("CodeMeaning"))
    scheme, value = str(item.get("CodingSchemeDesignator") or ""), str(item.get("CodeValue") or "")
    meaning = standard_meaning(scheme, value)
    if meaning is None and scheme in _FORMS and _FORMS[scheme].fullmatch(value):
        meaning = (
            value if scheme == "UCUM" else clean_text(str(item.get("CodeMeaning") or ""), names) or REMOVED
        )
    if meaning is None:
        scheme, value, meaning = UNKNOWN_SCHEME, REMOVED, REMOVED
        for keyword in ("CodingSchemeVersion", "MappingResource", "EquivalentCodeSequence"):
            if keyword in item:
                del item[keyword]
    item.CodingSchemeDesignator, item.CodeValue = scheme, value
    item.CodeMeaning = meaning if meaning.isascii() else REMOVED
    return before != (item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning)
