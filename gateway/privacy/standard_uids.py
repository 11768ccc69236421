"""The UIDs that the Standard defines, and nobody replaces."""

from __future__ import annotations

from typing import Final

from pydicom._uid_dict import UID_dictionary

# UIDs of coding schemes and context-group owners that PS3.16 names but PS3.6 (pydicom's dictionary) does not.
# Matched exactly: a prefix rule would let "standard root + patient number" through.
_OTHER_STANDARD_UIDS: Final = frozenset(
    {
        "2.16.840.1.113883.6.96",  # SNOMED CT
        "2.16.840.1.113883.6.1",  # LOINC
        "2.16.840.1.113883.6.3",  # ICD-10
        "2.16.840.1.113883.6.8",  # UCUM
        "2.16.840.1.113883.6.256",  # RadLex
        "2.16.840.1.113883.6.73",  # ATC
        "2.16.840.1.113883.3.26.1.1",  # NCI Thesaurus
    }
)


def is_standard_uid(uid: str) -> bool:
    """True for UIDs the Standard defines (SOP classes, transfer syntaxes, well-known frames of reference ...)."""
    return uid in UID_dictionary or uid in _OTHER_STANDARD_UIDS
