"""Nothing that names a patient or an original object leaves through a page: UIDs are taken out of every text.

Records hold pseudonyms, but problems, journal details and explanations are written by steps that also see originals.
A UID in one of them would link a pseudonym to a hospital's PACS, so the templates and the JSON answers pass every text
through here. Values of free-text facts are withheld from readers altogether: a study description can hold a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from markupsafe import Markup

T = TypeVar("T")

WITHHELD = "(UID withheld)"
UID = re.compile(r"(?<![\w.])[0-2](?:\.\d+){4,}(?![\w.]*\d)")
"""Five components or more: an IPv4 address and a version number are no UIDs."""

FREE_TEXT = re.compile(
    r"description|comment|reason|address|institution|station|accession|protocol_name", re.IGNORECASE
)
"""Names of facts whose values a hospital typed."""


def without_uids(value: T) -> T:
    """The same value with every UID in its texts replaced; text marked as safe markup was checked when it was made."""
    return cast("T", _cleaned(value))


def _cleaned(value: Any) -> Any:
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return UID.sub(WITHHELD, value)
    if isinstance(value, Mapping):
        return {key: _cleaned(part) for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_cleaned(part) for part in value]
    return value


def typed_by_hospital(fact: str) -> bool:
    """Whether a fact of this name holds free text, which may hold anything."""
    return FREE_TEXT.search(fact) is not None
