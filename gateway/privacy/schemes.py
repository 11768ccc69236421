"""What every scheme of derived values gives: `first_scheme`, as it was, and `second_scheme`, for everything new."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, Final, Protocol

from gateway.identity.numbers import Subject
from gateway.privacy.standard_uids import is_standard_uid

SHORTEST_SHIFT_DAYS: Final = 30
LONGEST_SHIFT_DAYS: Final = 3650
PSEUDONYM_PREFIX: Final = "PML-"


class Scheme(IntEnum):
    """How values are derived; kept in the rows of what they are in."""

    FIRST = 1
    SECOND = 2


LATEST: Final = Scheme.SECOND
"""Of everything new."""


class Replacements(Protocol):
    """What de-identification asks for each element."""

    @property
    def key_id(self) -> str:
        """The name of the key, for the manifest."""

    def uid(self, original: str) -> str:
        """The replacement of a UID."""

    def accession(self, pseudonym: str, accession_number: str) -> str:
        """The replacement of an accession number of the patient with this pseudonym."""


@dataclass(frozen=True)
class PatientAlias:
    """What the records know a patient of a site by; `number_hash` is "" in the first scheme, which had none."""

    scheme: Scheme
    pseudonym: str
    patient_hash: str
    number_hash: str
    date_shift_days: int
    subject: Subject = field(repr=False, compare=False)
    """What it is derived from."""


@dataclass(frozen=True)
class Pseudonyms(ABC):
    """What replaces the values of one site's objects, under one scheme, and what the records know them by."""

    key: bytes = field(repr=False)
    key_id: str
    site: str

    scheme: ClassVar[Scheme]

    def uid(self, original: str) -> str:
        """The replacement of `original`: "2.25." + a UUID (version 8), 44 characters at most.

        Standard UIDs and the empty UID come back unchanged. Padding (space, NUL) is not part of a UID. What is no UID
        (`dicom_nodes.instance.is_uid`) is not to be asked about: it has to be dropped.
        """
        original = original.strip(" \0")
        return original if not original or is_standard_uid(original) else self._new_uid(original)

    def accession(self, pseudonym: str, accession_number: str) -> str:
        """A replacement accession number, 14 characters (SH allows 16); empty stays empty.

        `pseudonym` keeps equal numbers of different patients apart.
        """
        accession_number = accession_number.strip()
        return self._accession(pseudonym, accession_number) if accession_number else ""

    def alias(self, subject: Subject) -> PatientAlias:
        """All of it at once."""
        return PatientAlias(
            self.scheme,
            self.pseudonym(subject),
            self.patient_hash(subject),
            self.number_hash(subject),
            self.date_shift_days(subject),
            subject,
        )

    @abstractmethod
    def pseudonym(self, subject: Subject) -> str:
        """ "PML-" and eight base32 characters (40 bits): the patient's name and number at the reading site."""

    @abstractmethod
    def patient_hash(self, subject: Subject) -> str:
        """The hash by which the records know a patient of a site again, and nobody without the key."""

    @abstractmethod
    def number_hash(self, subject: Subject) -> str:
        """The hash of the number alone, to find a patient whose issuer was not always named; "" when there is none."""

    @abstractmethod
    def date_shift_days(self, subject: Subject) -> int:
        """Whole days, -3650..-30, to add to every date of this patient: always into the past, same for all studies."""

    @abstractmethod
    def name_hash(self, name: str) -> str:
        """The hash of a patient's name, whatever the way it is written; "" when it names nobody."""

    @abstractmethod
    def birth_date_hash(self, birth_date: str) -> str:
        """The hash of a birth date; "" when there is none."""

    @abstractmethod
    def accession_hash(self, accession_number: str) -> str:
        """The hash of an accession number within the site; "" when there is none."""

    @abstractmethod
    def report_uid(self, case_id: int, digest: str, form: str) -> str:
        """The SOP Instance UID of a case's report with this digest, in one of its forms."""

    @abstractmethod
    def report_series_uid(self, case_id: int, form: str) -> str:
        """The Series Instance UID of a case's reports in one form."""

    @abstractmethod
    def device_uid(self) -> str:
        """The UID by which reports name this gateway."""

    @abstractmethod
    def _new_uid(self, original: str) -> str: ...

    @abstractmethod
    def _accession(self, pseudonym: str, accession_number: str) -> str: ...


def uid_of(mac: bytes) -> str:
    """A UID from 16 bytes of a MAC: "2.25." + a UUID of version 8 (PS3.5 B.2)."""
    raw = bytearray(mac[:16])
    raw[6] = (raw[6] & 0x0F) | 0x80  # RFC 9562 version 8: custom content
    raw[8] = (raw[8] & 0x3F) | 0x80
    return f"2.25.{int.from_bytes(raw, 'big')}"


def letters_of(mac: bytes, count: int) -> str:
    """`count` base32 characters of a MAC."""
    return base64.b32encode(mac[:16]).decode("ascii")[:count]


def days_of(mac: bytes) -> int:
    """A date shift from 8 bytes of a MAC."""
    number = int.from_bytes(mac[:8], "big")
    return -(SHORTEST_SHIFT_DAYS + number % (LONGEST_SHIFT_DAYS - SHORTEST_SHIFT_DAYS + 1))
