"""Sentences of an impression as data: one for each coded answer, whole, in each language of a report."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from gateway.reporting.answers import IntervalUnit, Language

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE = Path(__file__).with_name("sentences.json")

#: Key of a sentence -> language -> sentence; `{n}` stands for the interval.
SENTENCES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    json.loads(_FILE.read_text(encoding="utf-8"))["sentences"]
)
#: Languages in which anything below two is one thing, not only 1 itself (CLDR plural rules).
ONE_BELOW_TWO = frozenset({Language.FRENCH})


def sentence(key: str, language: Language, interval: Decimal | None = None) -> str:
    """The sentence of a key, with its interval where it has one."""
    said = SENTENCES[key][language]
    return said if interval is None else said.replace("{n}", _number(interval, language))


def interval_key(what: str, value: Decimal, unit: IntervalUnit, language: Language) -> str:
    """Key of the sentence of a recommendation with its interval: `follow_up.wk.other`."""
    is_one = value < 2 if language in ONE_BELOW_TWO else value == 1
    return f"{what}.{unit.value}.{'one' if is_one else 'other'}"


def _number(value: Decimal, language: Language) -> str:
    plain = f"{value.normalize():f}"
    return plain if language is Language.ENGLISH else plain.replace(".", ",")


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], ...]:
    every = {said for by_language in SENTENCES.values() for said in by_language.values()}
    number = r"\d{1,6}(?:[.,]\d{1,3})?"
    return tuple(
        re.compile(rf"(?<!\w){re.escape(said).replace(re.escape('{n}'), number)}") for said in sorted(every)
    )


def sentences_in(text: str) -> list[str]:
    """The sentences of the table that a text has, in any language, as they stand there."""
    return [found for pattern in _patterns() for found in pattern.findall(text)]


def without_sentences(text: str) -> str:
    """What of a text is no sentence of the table; empty when somebody only took what was proposed."""
    for pattern in _patterns():
        text = pattern.sub(" ", text)
    return text.strip()
