"""How one word is spelled by systems that cannot write all of its letters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

# How a letter is written where it cannot be: Germany's, Scandinavia's and Poland's habits (NFD does the accents).
_WRITTEN_OUT: Final = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        "ø": "oe",
        "å": "aa",
        "æ": "ae",
        "œ": "oe",
        "ł": "l",
        "đ": "d",
    }
)
_BARE: Final = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "a", "œ": "o", "ł": "l", "đ": "d", "ı": "i", "ð": "d"}
)
_UMLAUTS: Final = (("ae", "ä"), ("oe", "ö"), ("ue", "ü"), ("ss", "ß"))
_CYRILLIC: Final = str.maketrans(
    {
        **dict(zip("абвгдезийклмнопрстуфхыэ", "abvgdezijklmnoprstufhye", strict=True)),
        "ж": "zh",
        "ц": "ts",
        "ч": "ch",
        "ш": "sh",
        "щ": "shch",
        "ю": "yu",
        "я": "ya",
        "ё": "e",
        "ъ": "",
        "ь": "",
        "і": "i",
        "ї": "i",
        "є": "ye",
        "ґ": "g",
    }
)


def unaccented(word: str) -> str:
    """`word` in small letters, every letter without its accent."""
    return "".join(
        c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c)
    ).translate(_BARE)


def spellings(word: str) -> Iterator[str]:
    """The ways in which `word` may be written elsewhere, in small letters or as it is."""
    lower = word.lower()
    yield unaccented(word)
    yield lower.translate(_WRITTEN_OUT)
    yield unicodedata.normalize("NFC", word)
    if not lower.isascii():
        yield unicodedata.normalize("NFC", lower).translate(_CYRILLIC)
    umlauts = lower
    for written, umlaut in _UMLAUTS:
        umlauts = umlauts.replace(written, umlaut)
        yield lower.replace(written, umlaut)
    yield umlauts
