"""The first scheme of derived values, bit for bit as it was: read only for what was made with it.

Cases, identities and hashes of before say so in their rows, and copies at reading sites rest on it; nothing new is made
with it but for patients who have an identity of it, so that their studies stay together. It derives every value from
one `uid()` over text, so that a sender who writes the right text into an object is told a value that was derived for
another purpose.
"""

from __future__ import annotations

import hmac
from typing import ClassVar

from gateway.identity.numbers import Subject
from gateway.privacy.schemes import PSEUDONYM_PREFIX, Pseudonyms, Scheme, days_of, letters_of, uid_of


class FirstScheme(Pseudonyms):
    """One derivation of UIDs for everything, over text, in one space for all sites: as it was, bit for bit."""

    scheme: ClassVar = Scheme.FIRST

    def pseudonym(self, subject: Subject) -> str:
        """A missing number is a number like any other here."""
        return f"{PSEUDONYM_PREFIX}{letters_of(self._mac('patient', *self._numbered(subject)), 8)}"

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
        return days_of(self._mac("dates", *self._numbered(subject)))

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
        return uid_of(self._mac("uid", original))

    def _accession(self, pseudonym: str, accession_number: str) -> str:
        return f"A-{letters_of(self._mac('accession', pseudonym, accession_number), 12)}"

    def _hash(self, use: str, text: str) -> str:
        return self.uid(":".join((use, self.site, text))) if text else ""

    def _numbered(self, subject: Subject) -> tuple[str, str, str]:
        return self.site, subject.issuer.strip(), subject.patient_id.strip()

    def _mac(self, use: str, *fields: str) -> bytes:
        parts = [part.encode("utf-8") for part in (use, *fields)]
        text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self.key, text, "sha256")
