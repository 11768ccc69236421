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
UID = re.compile(r"(?<!\d)[0-2](?:(?:\.\d+){4,}|(?:\.\d+){1,2}\.\d{9,})(?:\.\d+)*")
"""Five components or more, or fewer with a long one as UIDs made of a UUID have (PS3.5 B.2): an IPv4 address, a
measure and a version number are no UIDs. Letters may touch it: `MR.1.2.840…` is how toolkits name files."""

NOT_TYPED = frozenset(
    {
        "sender",
        "calling_ae_title",
        "called_ae_title",
        "site",
        "modalities",
        "series_kinds",
        "b_values",
        "slice_thickness_mm",
        "manufacturers",
        "models",
        "field_strength_t",
        "patient_age_years",
        "instances",
        "accession_number_present",
        "enrolled",
        "referral",
        "months_since_last",
    }
)
"""Facts that a machine or the gateway's own configuration gives. All others, meanings of local codes among them, were
typed at a hospital and can hold a name."""


def without_uids(value: T) -> T:
    """The same value with every UID in its texts replaced; text marked as safe markup was checked when it was made."""
    return cast("T", _cleaned(value))


def _cleaned(value: Any) -> Any:
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return UID.sub(WITHHELD, value)
    if isinstance(value, Mapping):
        return {_cleaned(key): _cleaned(part) for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_cleaned(part) for part in value]
    return value


def typed_by_hospital(fact: str) -> bool:
    """Whether a fact of this name holds free text, which may hold anything; so does a fact that is not known here."""
    return fact not in NOT_TYPED
