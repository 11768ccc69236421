"""Nothing that names a patient or an original object leaves through a page: UIDs are taken out of every text.

Records hold pseudonyms, but problems, journal details and explanations are written by steps that also see originals.
A UID in one of them would link a pseudonym to a hospital's PACS, so the templates and the JSON answers pass every text
through here. Values of free-text facts are withheld from readers altogether: a study description can hold a name.
"""

from __future__ import annotations

from gateway.withheld import UID, WITHHELD, without_uids

__all__ = ["UID", "WITHHELD", "typed_by_hospital", "without_uids"]

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


def typed_by_hospital(fact: str) -> bool:
    """Whether a fact of this name holds free text, which may hold anything; so does a fact that is not known here."""
    return fact not in NOT_TYPED
