"""Coded entries without free text: a code known to PS3.16 keeps its value and gets the Standard's own meaning.

CodeMeaning is typed or configured at the scanner, so it is never trusted; a local code could itself be a number of
a patient or an order, so unknown ones are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Final

from pydicom.dataset import Dataset

from gateway.privacy.words.code_meanings import SNOMED_RT, is_scheme, standard_meaning
from gateway.privacy.words.dates_and_dummies import REMOVED

UNKNOWN_SCHEME: Final = "99PMLGW"
# Units of UCUM that images are measured in: factors and prefixes, no annotation in braces (those are free text).
_UNIT: Final = (
    r"(?:[numkcMd]?(?:m|s|g|l|L|Hz|T|V|A|Pa|J|W|mol|rad)|deg|min|h|d|a|B|"
    r"\[ppm\]|\[in_i\]|%|1|[a-z]\[H2O\])"
)
_UCUM: Final = re.compile(rf"(?:10\*-?[0-9]{{1,2}}\.?)?/?{_UNIT}-?[0-9]?(?:[./]{_UNIT}-?[0-9]?){{0,4}}")
SCHEMES: Final[Mapping[str, Callable[[str], bool]]] = {
    "CodingSchemeDesignator": lambda text: text in SNOMED_RT or text == UNKNOWN_SCHEME or is_scheme(text),
    "CodingSchemeVersion": lambda text: re.fullmatch(r"[0-9]{1,2}(?:\.[0-9]{1,2})?", text) is not None,
}
"""Of a coding scheme: what its attributes may say."""


def clean_coded_entry(item: Dataset, names: Collection[str] = ()) -> bool:
    """Clean `item` (a copy) in place when it is a coded entry (PS3.3 8.8); True when anything had to change."""
    if "CodeMeaning" not in item and "CodeValue" not in item:
        return False
    length = len(item)
    before = (item.get("CodeValue"), item.get("CodingSchemeDesignator"), item.get("CodeMeaning"))
    scheme, value = str(item.get("CodingSchemeDesignator") or ""), str(item.get("CodeValue") or "")
    meaning = standard_meaning(scheme, value)
    if meaning is None and scheme == "UCUM" and _UCUM.fullmatch(value) and value.casefold() not in names:
        meaning = value
    if meaning is None:
        scheme, value, meaning = UNKNOWN_SCHEME, REMOVED, REMOVED
        for keyword in ("CodingSchemeVersion", "MappingResource", "EquivalentCodeSequence"):
            if keyword in item:
                del item[keyword]
    for keyword in (
        "LongCodeValue",
        "URNCodeValue",
    ):  # one of the three codes is there, no more (Table 8.8-1)
        if keyword in item:
            del item[keyword]
    item.CodingSchemeDesignator, item.CodeValue = scheme, value
    item.CodeMeaning = meaning if meaning.isascii() else REMOVED
    return length != len(item) or before != (item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning)
