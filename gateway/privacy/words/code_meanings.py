"""What codes mean in the Standard's own words (PS3.16): the only CodeMeaning that is no free text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, cast

SNOMED_RT: Final = frozenset({"SRT", "SNM3", "99SDM"})
"""The designators of SNOMED-RT style codes (PS3.16 Table 8-1); PS3.16 itself now names SNOMED CT codes."""
_LONGEST_MEANING: Final = 64  # LO


def standard_meaning(scheme: str, value: str) -> str | None:
    """The meaning PS3.16 gives this code; None for codes it does not name."""
    if scheme in SNOMED_RT:
        from pydicom.sr._snomed_dict import mapping

        scheme, value = "SCT", mapping["SRT"].get(value, "")
    return _meanings().get((scheme, value))


def is_scheme(designator: str) -> bool:
    """Whether PS3.16 names codes of the coding scheme."""
    return designator in _schemes()


def is_standard_value(value: str) -> bool:
    """Whether `value` is a code that PS3.16 names, in whatever scheme."""
    return value in _values()


def is_standard_meaning(text: str) -> bool:
    """Whether `text` is the meaning PS3.16 gives some code, word for word."""
    return text in _all_meanings()


@lru_cache(maxsize=1)
def _meanings() -> dict[tuple[str, str], str]:
    # Here, not above: the dictionary takes 110 MB, and the receiver never needs it.
    from pydicom.sr._concepts_dict import concepts

    known = cast("Mapping[str, Mapping[str, Mapping[str, tuple[str, list[int]]]]]", concepts)
    meanings: dict[tuple[str, str], str] = {}
    for scheme, keywords in known.items():
        for codes in keywords.values():
            for value, (meaning, *_) in codes.items():
                previous = meanings.get((scheme, value))
                # PS3.16 has several meanings for some codes; the shortest is the plain one.
                if previous is None or (len(meaning), meaning) < (len(previous), previous):
                    meanings[scheme, value] = meaning[:_LONGEST_MEANING]
    return meanings


@lru_cache(maxsize=1)
def _all_meanings() -> frozenset[str]:
    return frozenset(_meanings().values())


@lru_cache(maxsize=1)
def _schemes() -> frozenset[str]:
    return frozenset(scheme for scheme, _ in _meanings())


@lru_cache(maxsize=1)
def _values() -> frozenset[str]:
    return frozenset(value for _, value in _meanings())
