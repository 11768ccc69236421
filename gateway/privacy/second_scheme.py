"""The second scheme of derived values: a key for each purpose, the site in every value that a sender has a say in."""

from __future__ import annotations

from typing import ClassVar

from gateway.identity.names import canonical_name
from gateway.identity.numbers import Subject, canonical_issuer, canonical_number
from gateway.identity.patient import canonical_day
from gateway.privacy.derivation import Purpose, derived
from gateway.privacy.schemes import PSEUDONYM_PREFIX, Pseudonyms, Scheme, days_of, letters_of, uid_of


class SecondScheme(Pseudonyms):
    """A key for each purpose, the site in every value that a sender has a say in."""

    scheme: ClassVar = Scheme.SECOND

    def pseudonym(self, subject: Subject) -> str:
        """Of the number with its issuer, canonical; of the study where there is no number."""
        return f"{PSEUDONYM_PREFIX}{letters_of(self._of_subject(subject, Purpose.PATIENT, Purpose.STUDY), 8)}"

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
        return days_of(self._of_subject(subject, Purpose.PATIENT_DATES, Purpose.STUDY_DATES))

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
        return uid_of(self._derived(Purpose.REPORT_UID, str(case_id), digest, form))

    def report_series_uid(self, case_id: int, form: str) -> str:
        """No sender has a say in it."""
        return uid_of(self._derived(Purpose.REPORT_SERIES_UID, str(case_id), form))

    def device_uid(self) -> str:
        """The same for all sites: it is one gateway."""
        return uid_of(self._derived(Purpose.DEVICE_UID))

    def _new_uid(self, original: str) -> str:
        return uid_of(self._derived(Purpose.UID, self.site, original))

    def _accession(self, pseudonym: str, accession_number: str) -> str:
        return f"A-{letters_of(self._derived(Purpose.ACCESSION, self.site, pseudonym, accession_number), 12)}"

    def _hash(self, purpose: Purpose, text: str) -> str:
        return self._derived(purpose, self.site, text).hex() if text else ""

    def _of_subject(self, subject: Subject, of_patient: Purpose, of_study: Purpose) -> bytes:
        if subject.has_number:
            issuer, number = canonical_issuer(subject.issuer), canonical_number(subject.patient_id)
            return self._derived(of_patient, self.site, issuer, number)
        return self._derived(of_study, self.site, subject.study_instance_uid.strip(" \0"))

    def _derived(self, purpose: Purpose, *fields: str) -> bytes:
        return derived(self.key, purpose, *fields)
