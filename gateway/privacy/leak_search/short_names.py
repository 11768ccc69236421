"""Names of two and three letters: a quick look whether a text can hold one of them at all, in whatever spelling.

What `detection.words_of` finds in a text it finds casefolded, and some letters beyond ASCII casefold to ASCII ones
(the long s, the Kelvin sign, sharp s, ligatures). Where one of those is, or a word that is not ASCII itself is looked
for, the quick look says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_SHORTEST: Final = 2
_ASCII: Final = bytes(range(128))
# The characters beyond ASCII whose casefolded form has ASCII letters in it, in UTF-8 and Latin-1.
_FOLDS_TO_ASCII: Final = re.compile(
    rb"\xdf|\xc3\x9f|\xc4\xb0|\xc5[\x89\xbf]|\xc7\xb0|\xe1\xba[\x96-\x9a\x9e]|\xe2\x84\xaa|\xef\xac[\x80-\x86]"
)


def may_hold(lower: bytes, words: Collection[str]) -> bool:
    """Whether one of the casefolded `words` may be among the words of the text `lower` (ASCII letters made small)."""
    for word in words:
        if len(word) < _SHORTEST or word.encode("utf-8") in lower:
            return True
    if lower.isascii():
        return False
    beyond = lower.translate(None, _ASCII)
    return _FOLDS_TO_ASCII.search(beyond) is not None or not all(map(str.isascii, words))
