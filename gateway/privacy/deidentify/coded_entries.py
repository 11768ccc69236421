"""Coded entries without free text: a code known to PS3.16 keeps its value and gets the Standard's own meaning.

CodeMeaning is typed or configured at the scanner, so it is never trusted; a local code could itself be a number of
a patient or an order, so unknown ones are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final, cast

from pydicom.dataset import Dataset

from gateway.privacy.profile.profile import METHOD_CODES
from gateway.privacy.words.dates_and_dummies import REMOVED
from gateway.privacy.words.radiology import clean_text

_LONGEST_MEANING: Final = 64  # LO
UNKNOWN_SCHEME: Final = "99PMLGW"
_SNOMED_RT: Final = frozenset({"SRT", "SNM3", "99SDM"})
_FORMS: Final = {
    "UCUM": re.compile(r"[0-9A-Za-z{}\[\]/.*^%'()+-]{1,12}"),
    **dict.fromkeys(_SNOMED_RT, re.compile(r"[A-Z][0-9]?-[0-9A-F]{4,6}")),
}


@lru_cache(maxsize=1)
def _meanings() -> dict[tuple[str, str], str]:
    # Here, not above: the dictionary takes 110 MB, and the receiver never needs it.
    from pydicom.sr._concepts_dict import concepts

    known = cast("Mapping[str, Mapping[str, Mapping[str, tuple[str, list[int]]]]]", concepts)
    found: dict[tuple[str, str], str] = {}
    for scheme, keywords in known.items():
        for codes in keywords.values():
            for value, (meaning, *_) in codes.items():
                previous = found.get((scheme, value))
                # PS3.16 has several meanings for some codes; the shortest is the plain one.
                if previous is None or (len(meaning), meaning) < (len(previous), previous):
                    found[scheme, value] = meaning[:_LONGEST_MEANING]
    return found


@lru_cache(maxsize=1)
def _all_meanings() -> frozenset[str]:
    return frozenset({REMOVED, *_meanings().values(), *(meaning for _, meaning in METHOD_CODES.values())})


def is_standard_meaning(text: str) -> bool:
    """Whether `text` is the meaning PS3.16 gives some code, word for word."""
    return text in _all_meanings()


def standard_meaning(scheme: str, value: str) -> str | None:
    """The meaning PS3.16 gives this code; None for codes it does not name."""
    if scheme in _SNOMED_RT:
        from pydicom.sr._snomed_dict import mapping

        scheme, value = "SCT", mapping["SRT"].get(value, "")
    return _meanings().get((scheme, value))


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
