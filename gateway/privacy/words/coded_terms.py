"""Defined terms of coded strings (`coded_terms.json`): what may stand in a CS attribute, value by value.

A coded string is no free text: what is no term of its attribute is somebody's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

_LIKE: Final = {"FrameType": "ImageType"}
_OWN: Final = "REMOVED"
"""What the gateway writes in place of a value (`dates_and_dummies.REMOVED`)."""


@dataclass(frozen=True)
class _Terms:
    attributes: Mapping[str, frozenset[str]]
    forms: Mapping[str, re.Pattern[str]]


@lru_cache(maxsize=1)
def _terms() -> _Terms:
    content = json.loads((files("gateway.privacy.words") / "coded_terms.json").read_text("utf-8"))
    forms = dict(content["patterns"])
    for keyword, words in content["words"].items():
        part = "|".join([*map(re.escape, words), content["numbered"][keyword]])
        letters = "|".join(content["letters"].get(keyword, ())) or "(?!)"
        forms[keyword] = rf"(?:{letters})|(?:(?:{letters})[ _])?(?:{part})(?:[ _](?:{part}))*"
    return _Terms(
        attributes={keyword: frozenset(terms) for keyword, terms in content["attributes"].items()},
        forms={keyword: re.compile(form) for keyword, form in forms.items()},
    )


def is_term(keyword: str, value: str) -> bool:
    """Whether `value`, one of a coded string, is a defined term of the attribute, empty, or our own word."""
    value = value.strip(" \0")
    if value in ("", _OWN):
        return True
    keyword = _LIKE.get(keyword, keyword)
    form = _terms().forms.get(keyword)
    if form is not None:
        return form.fullmatch(value) is not None
    return value in _terms().attributes.get(keyword, ())


def attributes_with_terms() -> frozenset[str]:
    """The keywords of the attributes that may keep a value."""
    return frozenset({*_terms().attributes, *_terms().forms, *_LIKE})
