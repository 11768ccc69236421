"""The encoded forms of a word that a search for it has to look for, in every character set it may be written in."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# Every character repertoire of PS3.3 C.12.1.1.2 that Python can write; ASCII values need one of the 8-bit ones only.
_8BIT: Final = (
    "utf-8",
    "latin-1",
    "iso8859-2",
    "iso8859-3",
    "iso8859-4",
    "iso8859-5",
    "iso8859-6",
    "iso8859-7",
    "iso8859-8",
    "iso8859-9",
    "iso8859-15",
    "cp1252",
    "tis-620",
    "shift_jis",
    "iso2022_jp",
    "iso2022_jp_2",
    "euc_jp",
    "euc_kr",
    "iso2022_kr",
    "gb18030",
    "gb2312",
    "big5",
    "cp949",
    "cp1250",
    "cp1251",
    "koi8-r",
)
_WIDE: Final = ("utf-16-le", "utf-16-be")
_ESCAPE: Final = re.compile(rb"\x1b[$(),*+\-./]+[0-~]")
SHORTEST: Final = 4  # bytes; shorter forms are left out


@lru_cache(maxsize=4096)
def encoded_forms(word: str) -> tuple[tuple[bytes, bool], ...]:
    """The encoded forms of `word` to look for in ASCII-lowered bytes, and whether each is two bytes a character."""
    forms: dict[bytes, bool] = {}
    for variant in {word, word.lower(), word.upper(), word.title()}:
        for charset in _8BIT[:1] if word.isascii() else _8BIT:
            try:
                encoded = variant.encode(charset).lower()
            except UnicodeEncodeError:
                continue
            for pattern in _without_escapes(encoded):
                if len(pattern) >= SHORTEST:
                    forms.setdefault(pattern, False)
        for charset in _WIDE:
            forms.setdefault(variant.encode(charset).lower(), True)
    return tuple(forms.items())


def _without_escapes(encoded: bytes) -> tuple[bytes, ...]:
    """With ISO 2022 a part of a longer run has an escape sequence before it, after it, or neither (PS3.5 6.1.2.5)."""
    escapes = list(_ESCAPE.finditer(encoded))
    if not escapes:
        return (encoded,)
    first = escapes[0].start() == 0
    last = escapes[-1].end() == len(encoded)
    inner = encoded[escapes[0].end() if first else 0 : escapes[-1].start() if last else len(encoded)]
    forms = [encoded[: len(encoded) - len(escapes[-1][0])] if last else encoded]
    forms.append(encoded[escapes[0].end() :] if first else encoded)
    # Bare two-byte characters look like plain letters: only four of them together are no chance.
    return (*forms, inner) if len(inner) >= 8 else tuple(forms)
