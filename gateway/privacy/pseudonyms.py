"""Keyed pseudonyms: new UIDs, patient numbers, accession numbers and date shifts, all derived from one secret.

Everything is HMAC-SHA256 (never a bare hash: PS3.15 E.1.1 warns that those are open to dictionary attacks), so a
second run over the same study gives the same answers, priors and follow-ups stay consistent, and nothing can be
computed back without the key. Each use has its own label, and fields are length-prefixed, so that
("a", "bc") and ("ab", "c") never meet.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field
from typing import Final

from pydicom._uid_dict import UID_dictionary

from gateway.privacy.errors import PseudonymKeyError

SHORTEST_SHIFT_DAYS: Final = 30
LONGEST_SHIFT_DAYS: Final = 3650
MINIMUM_KEY_BYTES: Final = 32
PSEUDONYM_PREFIX: Final = "PML-"

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


@dataclass(frozen=True)
class PseudonymKey:
    """The secret all pseudonyms of one gateway are derived from.

    `key` has at least 32 bytes; `key_id` names it in the records. Raises PseudonymKeyError otherwise.
    """

    key: bytes = field(repr=False)
    key_id: str

    def __post_init__(self) -> None:
        if len(self.key) < MINIMUM_KEY_BYTES:
            raise PseudonymKeyError(
                f"The pseudonym key {self.key_id!r} has {len(self.key)} bytes.",
                f"Give a key of at least {MINIMUM_KEY_BYTES} random bytes.",
            )
        if not self.key_id:
            raise PseudonymKeyError("The pseudonym key has no name.", "Give the key a key_id, e.g. '2026-a'.")

    def uid(self, original: str) -> str:
        """The replacement of `original`: "2.25." + a UUID (version 8) from the HMAC, 44 characters at most.

        Standard UIDs and the empty UID come back unchanged. Padding (space, NUL) is not part of a UID.
        """
        original = original.strip(" \0")
        if not original or is_standard_uid(original):
            return original
        raw = bytearray(self._mac("uid", original)[:16])
        raw[6] = (raw[6] & 0x0F) | 0x80  # RFC 9562 version 8: custom content
        raw[8] = (raw[8] & 0x3F) | 0x80
        return f"2.25.{int.from_bytes(raw, 'big')}"

    def pseudonym(self, sender_site: str, issuer: str, patient_id: str) -> str:
        """ "PML-" and eight base32 characters (40 bits): the patient's name and number at the reading site."""
        return f"{PSEUDONYM_PREFIX}{self._letters('patient', 8, sender_site, issuer.strip(), patient_id.strip())}"

    def patient_hash(self, site: str, issuer: str, patient_id: str) -> str:
        """The mark by which the records know a patient of a site again, and nobody without the key."""
        fields = (field.strip().replace("%", "%25").replace(":", "%3A") for field in (issuer, patient_id))
        return self.uid(":".join(("patient", site, *fields)))

    def date_shift_days(self, site: str, issuer: str, patient_id: str) -> int:
        """Whole days, -3650..-30, to add to every date of this patient: always into the past, same for all studies."""
        number = int.from_bytes(self._mac("dates", site, issuer.strip(), patient_id.strip())[:8], "big")
        return -(SHORTEST_SHIFT_DAYS + number % (LONGEST_SHIFT_DAYS - SHORTEST_SHIFT_DAYS + 1))

    def accession(self, scope: str, accession_number: str) -> str:
        """A replacement accession number, 14 characters (SH allows 16); empty stays empty.

        `scope` keeps equal numbers of different patients apart: the pseudonym, or the sender's site.
        """
        accession_number = accession_number.strip()
        return f"A-{self._letters('accession', 12, scope, accession_number)}" if accession_number else ""

    def _letters(self, use: str, count: int, *fields: str) -> str:
        return base64.b32encode(self._mac(use, *fields)[:16]).decode("ascii")[:count]

    def _mac(self, use: str, *fields: str) -> bytes:
        parts = [part.encode("utf-8") for part in (use, *fields)]
        message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self.key, message, "sha256")
