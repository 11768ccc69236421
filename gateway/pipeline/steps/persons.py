"""Which person a study is about: one that the records know already, under the scheme of then, or a new one.

The first that fits: whom a lead linked a study without a number to; the same number with the same issuer; the same
number where one of both does not name its issuer and nothing else speaks against it; else a new person.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from pydicom import Dataset

from gateway.errors import GatewayError
from gateway.identity.numbers import Subject, subject
from gateway.identity.patient import stated_in
from gateway.pipeline.steps import originals
from gateway.privacy.patient_hashes import PatientHashes, patient_hashes
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.privacy.schemes import LATEST, PatientAlias, Scheme
from gateway.records import patients
from gateway.records.blobs import BlobStore
from gateway.records.database import Database
from gateway.records.tables.studies import Instance, Study
from gateway.records.views import case_rows

MOST_STUDIES = 5
"""Studies of one person whose header is read to find out under which number the person is known."""


def standing_header(blobs: BlobStore, study: Study, instances: Sequence[Instance]) -> Dataset:
    """The header whose patient and study stand for all objects: the one a lead chose, else the first."""
    by_choice = [one for one in instances if one.saved_id == study.identity_of]
    return originals.first_header(blobs, [*by_choice, *instances])


def whom(header: Dataset, no_patient_ids: Collection[str] = ()) -> Subject:
    """Whom a header is about, by number; without one, this study alone."""
    stated = stated_in(header)
    uid = str(header.get("StudyInstanceUID") or "").strip(" \0")
    return subject(stated.issuer, stated.patient_id, uid, no_patient_ids)


def is_by_link(study: Study, has_number: bool | None) -> bool:
    """Whether a lead, and not a number, says whose the study is; what it states does not tell who the patient is."""
    return study.person_of is not None and not has_number


@dataclass(frozen=True)
class Persons:
    """Looks up whom the records know; `no_patient_ids` is `[study] no_patient_ids`."""

    database: Database
    blobs: BlobStore
    key: PseudonymKey
    no_patient_ids: Collection[str] = ()

    def of_study(self, study: Study, header: Dataset) -> PatientAlias:
        """What a study is kept under, whose standing header this is."""
        own = whom(header, self.no_patient_ids)
        if not own.has_number:
            return self._linked(study) or self.key.of(study.site).alias(own)
        known = self._known(study.site, own)
        return known or self._without_issuer(study, own, header) or self.key.of(study.site).alias(own)

    def hashes(self, study: Study, header: Dataset, scheme: Scheme = LATEST) -> PatientHashes:
        """What a study says about its patient, whose standing header this is, as one scheme derives it."""
        own, pseudonyms = whom(header, self.no_patient_ids), self.key.of(study.site, scheme)
        number_hash = self.key.of(study.site).number_hash(own)
        return patient_hashes(pseudonyms, self.of_study(study, header), number_hash, own.has_number, header)

    def _known(self, site: str, own: Subject) -> PatientAlias | None:
        """Who is known by this number with this issuer."""
        with self.database.read() as session:
            known = patients.known(session, self.key.patient_hashes(site, own))
        return self.key.alias(site, own, known) if known else None

    def _linked(self, study: Study) -> PatientAlias | None:
        """Whom a lead linked a study without a number to."""
        if study.person_of is None:
            return None
        with self.database.read() as session:
            other = case_rows.study(session, study.person_of)
        if other.forgotten_at is not None:
            return None  # and this study with it
        return self._of_kept(other)

    def _of_kept(self, study: Study) -> PatientAlias:
        """The person of a study of whose headers something is kept; of a routed one the person it was routed under."""
        header = standing_header(self.blobs, study, originals.kept(self.database, study.saved_id))
        own = whom(header, self.no_patient_ids)
        for issuer in (own.issuer, ""):
            alias = self.key.alias(study.site, replace(own, issuer=issuer), (study.patient_hash,))
            if alias.patient_hash == study.patient_hash:
                return alias
        return self.of_study(study, header)

    def _without_issuer(self, study: Study, own: Subject, header: Dataset) -> PatientAlias | None:
        """Who is known by the same number where one side names no issuer: one patient alone, and of that name.

        Who was found once is found again, whatever came since.
        """
        unnamed = replace(own, issuer="") if own.issuer.strip(" \0") else None
        hashes = self.key.patient_hashes(study.site, unnamed) if unnamed else ()
        number_hash = "" if unnamed else self.key.of(study.site).number_hash(own)
        with self.database.read() as session:
            enrolled = patients.enrolled(session, hashes)
            of_number = patients.with_number(session, study, hashes, number_hash)
        others = [one for one in of_number if not is_by_link(one, one.has_number)]
        others = [one for one in others if one.patient_hash == study.patient_hash] or others
        known = {one.patient_hash for one in others} | enrolled
        if study.patient_hash in known:
            known = {study.patient_hash}
        elif len(known) != 1 or not all(self._may_be(one, header) for one in others):
            return None
        if unnamed:
            return self.key.alias(study.site, unnamed, known)
        for other in others[:MOST_STUDIES]:
            with suppress(GatewayError):  # nothing of it can be read
                alias = self._of_kept(other)
                if alias.patient_hash in known:
                    return alias
        return None

    def _may_be(self, other: Study, header: Dataset) -> bool:
        """Whether name and birth date of another study are the same as in this header; forgotten ones say neither."""
        if other.forgotten_at is not None:
            return True
        pseudonyms, stated = self.key.of(other.site, Scheme(other.scheme)), stated_in(header)
        name, birth = pseudonyms.name_hash(stated.name), pseudonyms.birth_date_hash(stated.birth_date)
        return (
            bool(name)
            and name == other.name_hash
            and (birth == other.birth_hash or not birth or not other.birth_hash)
        )
