"""Free text reduced to radiology: PS3.15 E.3.6 Clean Descriptors by an allow-list of words (`radiology_words.json`).

A list of what is allowed, never of what is forbidden: an unknown word is dropped, whatever it is. Words that are
also part of a name in this very object (a patient called Kopf) are dropped too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

from routing_rules.series.contrast_words import Contrast, agent_says

# Dates are cut out before the words are looked at, so that their parts cannot pass as small numbers.
_DATE_LIKE: Final = re.compile(r"\d{1,4}\s*[-./:]\s*\d{1,2}\s*[-./:]\s*\d{1,4}|\d{5,}")
_WORD: Final = re.compile(r"[^\W_]+(?:\.\d+[a-zA-Z]*)?")
_PLAIN: Final = re.compile(r"[A-Za-z0-9 _+*#,.:()\[\]/&=-]*")
CONTRAST_GIVEN: Final = "CONTRAST"
NO_CONTRAST: Final = "NONE"


@dataclass(frozen=True)
class _Vocabulary:
    words: frozenset[str]
    numbers: frozenset[str]
    most_numbers: int
    pattern: re.Pattern[str]


@lru_cache(maxsize=1)
def _vocabulary() -> _Vocabulary:
    content = json.loads((files("gateway.privacy.words") / "radiology_words.json").read_text("utf-8"))
    return _Vocabulary(
        words=frozenset(content["words"]),
        numbers=frozenset(content["numbers"]),
        most_numbers=content["most_numbers"],
        pattern=re.compile("|".join(f"(?:{pattern})" for pattern in content["patterns"])),
    )


def clean_text(text: str, names: Collection[str] = ()) -> str:
    """`text` with only radiology words left; unchanged when all of it is radiology, "" when nothing is.

    `names` are casefolded parts of names (and numbers) of people in this object; they never pass.
    """
    vocabulary = _vocabulary()
    without_dates = without_runs(text)
    words = _WORD.findall(without_dates)
    kept = [
        word for word in words if _is_radiology(word.casefold(), vocabulary) and word.casefold() not in names
    ]
    if sum(word.isdigit() for word in kept) > vocabulary.most_numbers:
        kept = [word for word in kept if not word.isdigit()]
    if not any(any(character.isalpha() for character in word) for word in kept):
        return ""
    if len(kept) == len(words) and without_dates == text and _PLAIN.fullmatch(text):
        return text.strip()
    return " ".join(kept)


def without_runs(text: str) -> str:
    """`text` without what is written as a date and without long numbers: all of each, not a part."""
    return _DATE_LIKE.sub(" ", text)


def clean_contrast_agent(text: str, names: Collection[str] = ()) -> str:
    """ContrastBolusAgent without free text: what the original words say (given, not given, unknown) the copy says too.

    Unknown is left empty, as the Standard has it for a Type 2 attribute (PS3.3 C.7.6.4).
    """
    said = agent_says(text)
    if said is None or said is Contrast.UNKNOWN:
        return ""
    if said is Contrast.NOT_GIVEN:
        return NO_CONTRAST
    kept = clean_text(text, names)
    return kept if agent_says(kept) is said else CONTRAST_GIVEN


def _is_radiology(word: str, vocabulary: _Vocabulary) -> bool:
    return (
        word in vocabulary.words
        or word in vocabulary.numbers
        or vocabulary.pattern.fullmatch(word) is not None
    ) and word.isascii()
