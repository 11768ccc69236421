"""The two schemes of derived values: the first, kept as it was for what was made with it, and the second.

The first derives every value from one `uid()` over text, so that a sender who writes the right text into an object is
told a value that was derived for another purpose. The second has a key for each purpose (`derivation`) and the site in
every value that a sender has a say in.
"""

from __future__ import annotations

import base64
import hmac
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, Final, Protocol

from gateway.identity.names import canonical_name
from gateway.identity.numbers import Subject, canonical_issuer, canonical_number
from gateway.identity.patient import canonical_day
from gateway.privacy.derivation import Purpose, derived
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
class PatientMarks:
    """What the records know a patient of a site by; `number_hash` is "" in the first scheme, which had none."""

    scheme: Scheme
    pseudonym: str
    patient_hash: str
    number_hash: str
    date_shift_days: int


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

    def marks(self, subject: Subject) -> PatientMarks:
        """All marks of a patient at once."""
        return PatientMarks(
            self.scheme,
            self.pseudonym(subject),
            self.patient_hash(subject),
            self.number_hash(subject),
            self.date_shift_days(subject),
        )

    @abstractmethod
    def pseudonym(self, subject: Subject) -> str:
        """ "PML-" and eight base32 characters (40 bits): the patient's name and number at the reading site."""

    @abstractmethod
    def patient_hash(self, subject: Subject) -> str:
        """The mark by which the records know a patient of a site again, and nobody without the key."""

    @abstractmethod
    def number_hash(self, subject: Subject) -> str:
        """The mark of the number alone, to find a patient whose issuer was not always named; "" when there is none."""

    @abstractmethod
    def date_shift_days(self, subject: Subject) -> int:
        """Whole days, -3650..-30, to add to every date of this patient: always into the past, same for all studies."""

    @abstractmethod
    def name_hash(self, name: str) -> str:
        """The mark of a patient's name, whatever the way it is written; "" when it names nobody."""

    @abstractmethod
    def birth_date_hash(self, birth_date: str) -> str:
        """The mark of a birth date; "" when there is none."""

    @abstractmethod
    def accession_hash(self, accession_number: str) -> str:
        """The mark of an accession number within the site; "" when there is none."""

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


class FirstScheme(Pseudonyms):
    """One derivation of UIDs for everything, over text, in one space for all sites: as it was, bit for bit."""

    scheme: ClassVar = Scheme.FIRST

    def pseudonym(self, subject: Subject) -> str:
        """A missing number is a number like any other here."""
        return f"{PSEUDONYM_PREFIX}{_letters(self._mac('patient', *self._numbered(subject)), 8)}"

    def patient_hash(self, subject: Subject) -> str:
        """Formed like a UID."""
        fields = (
            text.strip().replace("%", "%25").replace(":", "%3A")
            for text in (subject.issuer, subject.patient_id)
        )
        return self.uid(":".join(("patient", self.site, *fields)))

    def number_hash(self, subject: Subject) -> str:  # noqa: ARG002 - there was none
        """There was none."""
        return ""

    def date_shift_days(self, subject: Subject) -> int:
        """As for the pseudonym."""
        return _days(self._mac("dates", *self._numbered(subject)))

    def name_hash(self, name: str) -> str:
        """Of the first group, whatever its case, spacing and empty components."""
        return self._hash("name", " ".join(name.strip().split("=")[0].replace("^", " ").casefold().split()))

    def birth_date_hash(self, birth_date: str) -> str:
        """Of the text."""
        return self._hash("birth", birth_date.strip())

    def accession_hash(self, accession_number: str) -> str:
        """Of the text."""
        return self._hash("accession", accession_number.strip())

    def report_uid(self, case_id: int, digest: str, form: str) -> str:
        """Over a text that an object could hold, too."""
        return self.uid(f"report:{case_id}:{digest}:{form}")

    def report_series_uid(self, case_id: int, form: str) -> str:
        """As the report's."""
        return self.uid(f"report series:{case_id}:{form}")

    def device_uid(self) -> str:
        """As the report's."""
        return self.uid("this gateway")

    def _new_uid(self, original: str) -> str:
        return _uid(self._mac("uid", original))

    def _accession(self, pseudonym: str, accession_number: str) -> str:
        return f"A-{_letters(self._mac('accession', pseudonym, accession_number), 12)}"

    def _hash(self, use: str, text: str) -> str:
        return self.uid(":".join((use, self.site, text))) if text else ""

    def _numbered(self, subject: Subject) -> tuple[str, str, str]:
        return self.site, subject.issuer.strip(), subject.patient_id.strip()

    def _mac(self, use: str, *fields: str) -> bytes:
        parts = [part.encode("utf-8") for part in (use, *fields)]
        text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self.key, text, "sha256")


class SecondScheme(Pseudonyms):
    """A key for each purpose, the site in every value that a sender has a say in."""

    scheme: ClassVar = Scheme.SECOND

    def pseudonym(self, subject: Subject) -> str:
        """Of the number with its issuer, canonical; of the study where there is no number."""
        return f"{PSEUDONYM_PREFIX}{_letters(self._of_subject(subject, Purpose.PATIENT, Purpose.STUDY), 8)}"

    def patient_hash(self, subject: Subject) -> str:
        """64 hexadecimal digits."""
        return self._of_subject(subject, Purpose.PATIENT_HASH, Purpose.STUDY_HASH).hex()

    def number_hash(self, subject: Subject) -> str:
        """64 hexadecimal digits."""
        return self._hash(
            Purpose.NUMBER_HASH, canonical_number(subject.patient_id) if subject.has_number else ""
        )

    def date_shift_days(self, subject: Subject) -> int:
        """As for the pseudonym."""
        return _days(self._of_subject(subject, Purpose.PATIENT_DATES, Purpose.STUDY_DATES))

    def name_hash(self, name: str) -> str:
        """Of the canonical name."""
        return self._hash(Purpose.NAME_HASH, canonical_name(name))

    def birth_date_hash(self, birth_date: str) -> str:
        """Of the canonical day."""
        return self._hash(Purpose.BIRTH_DATE_HASH, canonical_day(birth_date))

    def accession_hash(self, accession_number: str) -> str:
        """Of the text without padding."""
        return self._hash(Purpose.ACCESSION_HASH, accession_number.strip(" \0"))

    def report_uid(self, case_id: int, digest: str, form: str) -> str:
        """No sender has a say in it."""
        return _uid(self._derived(Purpose.REPORT_UID, str(case_id), digest, form))

    def report_series_uid(self, case_id: int, form: str) -> str:
        """No sender has a say in it."""
        return _uid(self._derived(Purpose.REPORT_SERIES_UID, str(case_id), form))

    def device_uid(self) -> str:
        """The same for all sites: it is one gateway."""
        return _uid(self._derived(Purpose.DEVICE_UID))

    def _new_uid(self, original: str) -> str:
        return _uid(self._derived(Purpose.UID, self.site, original))

    def _accession(self, pseudonym: str, accession_number: str) -> str:
        return f"A-{_letters(self._derived(Purpose.ACCESSION, self.site, pseudonym, accession_number), 12)}"

    def _hash(self, purpose: Purpose, text: str) -> str:
        return self._derived(purpose, self.site, text).hex() if text else ""

    def _of_subject(self, subject: Subject, of_patient: Purpose, of_study: Purpose) -> bytes:
        if subject.has_number:
            issuer, number = canonical_issuer(subject.issuer), canonical_number(subject.patient_id)
            return self._derived(of_patient, self.site, issuer, number)
        return self._derived(of_study, self.site, subject.study_instance_uid.strip(" \0"))

    def _derived(self, purpose: Purpose, *fields: str) -> bytes:
        return derived(self.key, purpose, *fields)


SCHEMES: Final[Mapping[Scheme, type[Pseudonyms]]] = {Scheme.FIRST: FirstScheme, Scheme.SECOND: SecondScheme}


def _uid(mac: bytes) -> str:
    raw = bytearray(mac[:16])
    raw[6] = (raw[6] & 0x0F) | 0x80  # RFC 9562 version 8: custom content
    raw[8] = (raw[8] & 0x3F) | 0x80
    return f"2.25.{int.from_bytes(raw, 'big')}"


def _letters(mac: bytes, count: int) -> str:
    return base64.b32encode(mac[:16]).decode("ascii")[:count]


def _days(mac: bytes) -> int:
    number = int.from_bytes(mac[:8], "big")
    return -(SHORTEST_SHIFT_DAYS + number % (LONGEST_SHIFT_DAYS - SHORTEST_SHIFT_DAYS + 1))
