"""Words that are no identification where they stand (`constant_words.json`): vendors' names, models and versions.

A patient may be called Vida, White or Phase; the scanner model of the same word is a constant.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.resources import files
from typing import Final

# Where manufacturers' words stand.
VENDOR_ATTRIBUTES: Final = frozenset(
    {
        "Manufacturer",
        "ManufacturerModelName",
        "SoftwareVersions",
        "ReceiveCoilManufacturerName",
        "TransmitCoilManufacturerName",
    }
)
IMPLEMENTATION_VERSION_NAME: Final = "PML_GATEWAY_1"
"""What the file meta information of our copies says (PS3.10 7.1): the same in every copy, whoever the patient is."""
_PARTS: Final = re.compile(r"([ _/,;:()|*-]+)")
# A version or a model: three letters at most, at most three digits in a row, more of them behind dots. Four digits are
# a year or half a telephone number (Kow1963, AB1234), unless a letter follows them as in 2004V and 1831.b.
_VERSION: Final = re.compile(
    r"(?:[0-9]?[a-z]{1,3})?[0-9]{1,3}(?:\.[0-9]{1,3}){0,4}[a-z]?(?:\.[a-z])?|[0-9]{4}\.?[a-z]|[a-z]{3}[0-9]{2}[a-z][0-9]"
)


@lru_cache(maxsize=1)
def vendor_words() -> frozenset[str]:
    """Casefolded words of manufacturers, models and version texts."""
    content = json.loads((files("gateway.privacy.words") / "constant_words.json").read_text("utf-8"))
    return frozenset(content["vendor"])


def clean_vendor_text(text: str) -> str:
    """`text` (one value of `VENDOR_ATTRIBUTES`) with only vendors' words and versions; "" when none is left.

    What is made of these alone is unchanged. A version counts only beside nothing but such words: a number beside
    an unknown word is that word's, and several bare numbers are a date or a telephone number.
    """
    parts = _PARTS.split(text.strip(" \0"))
    words = [part for part in parts[::2] if part]
    if (
        all(_is_vendors(word) or _VERSION.fullmatch(word.casefold()) for word in words)
        and sum(map(str.isdigit, words)) <= 1
        and text.isascii()
    ):
        return text.strip(" \0")
    return " ".join(word for word in words if _is_vendors(word))


def is_of_vendor_words(text: str) -> bool:
    """Whether every word of `text` is a vendor's: then nothing in it is anybody's number, as a version may be."""
    return text.isascii() and all(_is_vendors(word) for word in _PARTS.split(text.strip(" \0"))[::2] if word)


def _is_vendors(word: str) -> bool:
    return word.casefold().strip(".") in vendor_words()
