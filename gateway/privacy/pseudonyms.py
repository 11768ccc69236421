"""Keyed pseudonyms: new UIDs, patient numbers, accession numbers and date shifts, all derived from one secret.

Everything is HMAC-SHA256 (never a bare hash: PS3.15 E.1.1 warns that those are open to dictionary attacks), so a
second run over the same study gives the same answers, priors and follow-ups stay consistent, and nothing can be
computed back without the key.

A row says under which of the `schemes` its values were made. A patient who is known under the first one keeps its
pseudonym and date shift (`PseudonymKey.alias`), so that old and new studies meet.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from gateway.identity.numbers import Subject
from gateway.privacy.errors import PseudonymKeyError
from gateway.privacy.first_scheme import FirstScheme
from gateway.privacy.schemes import LATEST, PatientAlias, Pseudonyms, Scheme
from gateway.privacy.second_scheme import SecondScheme

MINIMUM_KEY_BYTES: Final = 32
_SCHEMES: Final[dict[Scheme, type[Pseudonyms]]] = {Scheme.FIRST: FirstScheme, Scheme.SECOND: SecondScheme}


def new_transaction_uid() -> str:
    """A Transaction UID nobody can foresee: random, under 2.25, 44 characters at most. Whoever asks keeps it."""
    return f"2.25.{uuid4().int}"


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

    def of(self, site: str, scheme: Scheme = LATEST) -> Pseudonyms:
        """The pseudonyms of one site under one scheme."""
        return _SCHEMES[scheme](self.key, self.key_id, site)

    def alias(self, site: str, subject: Subject, known: Collection[str] = ()) -> PatientAlias:
        """What a new study is kept under; `known` are those of `patient_hashes` that the records have.

        A patient who is known keeps the scheme by which he is known, the oldest one first: so studies of before and
        after meet. What has no number is nobody who was known before.
        """
        for scheme in Scheme if subject.has_number else ():
            alias = self.of(site, scheme).alias(subject)
            if alias.patient_hash in known:
                return alias
        return self.of(site).alias(subject)

    def patient_hashes(self, site: str, subject: Subject) -> tuple[str, ...]:
        """The hashes under which the records may know a patient, the oldest scheme first; none without a number."""
        if not subject.has_number:
            return ()
        return tuple(self.of(site, scheme).patient_hash(subject) for scheme in Scheme)

    def shift_under(
        self, site: str, issuer: str, patient_id: str, study_instance_uid: str, pseudonym: str
    ) -> int:
        """The date shift of copies that were made under `pseudonym`, whichever scheme made them.

        What is no number may be settled otherwise since: both are tried. Raises PseudonymKeyError when none fits.
        """
        for scheme in Scheme:
            for has_number in (True, False):
                alias = self.of(site, scheme).alias(
                    Subject(issuer, patient_id, study_instance_uid, has_number)
                )
                if alias.pseudonym == pseudonym:
                    return alias.date_shift_days
        raise PseudonymKeyError(
            f"The pseudonym {pseudonym!r} of a copy is not derived from pseudonym.key {self.key_id}.",
            "Restore the pseudonym.key that was there when the copies were made.",
        )
