"""The question to `deidentify`: what becomes of one element, given as bytes."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from gateway.privacy.deidentify.attributes import AttributeCleaner
from gateway.privacy.fast.memo import CleanedElement, NestingLevel, dataset_of, written
from gateway.privacy.profile.safe_private import safe_elements, takes

_T = TypeVar("_T")


def answer(
    cleaner: AttributeCleaner, ask: Callable[[], _T]
) -> tuple[_T, tuple[str, ...], tuple[tuple[str, str], ...]]:
    """What `ask` returns, and what `cleaner` counted and mapped meanwhile."""
    cleaner.actions.clear()
    cleaner.uids.clear()
    new = ask()
    return new, tuple(cleaner.actions.elements()), tuple(cleaner.uids.items())


def of_element(
    cleaner: AttributeCleaner, level: NestingLevel, tag: int, raw: bytes, digits: tuple[str, ...] = ()
) -> CleanedElement:
    """What `cleaner` makes of the element `tag` in `raw`."""
    ds = dataset_of(level, raw)
    new, counts, uids = answer(cleaner, lambda: cleaner.element(ds, ds[tag], level.places))
    return CleanedElement(
        None if new is None else written(new, implicit=level.implicit), counts, uids, digits
    )


@lru_cache(maxsize=20_000)
def may_be_safe(tag: int, creator: bytes, vr: str) -> bool:
    """Whether this may be an element of the list of safe private ones; `creator` is its creator's element as read."""
    return bool(tag & 0x10000) and any(
        group == tag >> 16 and low == tag & 0xFF and name.encode("ascii") in creator and takes(row, vr)
        for (group, name, low), row in safe_elements().items()
    )
