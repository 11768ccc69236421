"""Whom to forget: from a PatientID, a case or a study to the patient's hash, and to studies not decided yet.

Needs the pseudonym key, which the web role does not have: forgetting is a command.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import col, or_, select

from dicom_nodes.data_sets import data_set_of
from gateway.errors import NotThere
from gateway.identity.patient import KEYWORDS
from gateway.pipeline.steps.calendar import open_letters
from gateway.pipeline.steps.patient_hashes import patient_hashes
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.records import forgetting, ledger
from gateway.records.blobs import BlobStore
from gateway.records.database import Database
from gateway.records.forgetting import ForgettingPlan
from gateway.records.patients import UNDECIDED
from gateway.records.tables.studies import Case, Identity, Study
from gateway.records.views import case_rows, conflict_rows


@dataclass(frozen=True)
class ForgetRequest:
    """A patient to forget: only the keyed hash, and studies that name the patient in their headers."""

    site: str
    patient_hash: str
    also: tuple[int, ...] = ()


@dataclass(frozen=True)
class Forgetter:
    """Everything that forgetting works on."""

    database: Database
    blobs: BlobStore
    key: PseudonymKey

    def by_patient_id(self, site: str, issuer: str, patient_id: str) -> ForgetRequest:
        """The patient with this number at a site; `issuer` as the sender writes it."""
        return self._with_undecided(site, self.key.patient_hash(site, issuer, patient_id))

    def by_case(self, case_id: int) -> ForgetRequest:
        """The patient of a case; raises NotThere."""
        with self.database.read() as session:
            case = session.get(Case, case_id)
            if case is None:
                raise NotThere(f"There is no case {case_id}.", "List them with: gateway cases list")
            study_id, identity = case.study_id, case.identity_id and session.get(Identity, case.identity_id)
        if identity:
            return self._with_undecided(identity.site, identity.patient_hash)
        return self.by_study(study_id)

    def by_study(self, study_id: int) -> ForgetRequest:
        """The patient of a study: the one its first image names; raises NotThere."""
        with self.database.read() as session:
            study = session.get(Study, study_id)
        if study is None:
            raise NotThere(f"There is no study {study_id}.", "The page of studies shows every number.")
        if study.patient_hash:
            return self._with_undecided(study.site, study.patient_hash)
        return self._with_undecided(study.site, self._hashes(study)[0])

    def plan(self, wanted: ForgetRequest) -> ForgettingPlan:
        """What would go."""
        with self.database.read() as session:
            return forgetting.plan(session, wanted.patient_hash, wanted.also)

    def forget(
        self, wanted: ForgetRequest, who: str, why: str, *, even_open: bool = False
    ) -> tuple[int, bool]:
        """Forget; returns the number of files deleted, and whether the database gave up the old bytes too."""
        database = self.database
        forgotten_id = ledger.begin_forgetting(
            database, wanted.patient_hash, wanted.site, wanted.also, who, why, even_open=even_open
        )
        files = forgetting.finish(database, self.blobs, forgotten_id)
        return files, database.give_up_deleted(forgetting.TABLES)

    def _with_undecided(self, site: str, patient_hash: str) -> ForgetRequest:
        """Studies whose headers nobody has read, or that name several patients, are found by reading them now."""
        open_letters(self.database, self.key)  # who was enrolled a moment ago is known by a letter alone
        with self.database.read() as session:
            unread = session.exec(
                select(Study).where(
                    Study.site == site,
                    col(Study.forgotten_at).is_(None),
                    or_(col(Study.state).in_(UNDECIDED), Study.patient_hash == "", col(Study.patients) > 1),
                )
            ).all()
        also = [study.saved_id for study in unread if patient_hash in self._hashes(study)]
        return ForgetRequest(site, patient_hash, tuple(also))

    def _hashes(self, study: Study) -> list[str]:
        """The hash of the patient in each header, in order of arrival; where no version stands, in each version."""
        with self.database.read() as session:
            stands = case_rows.instances(session, study.saved_id)
            read = stands or conflict_rows.instances(session, study.saved_id)
        return [
            patient_hashes(
                self.key,
                study.site,
                data_set_of(
                    self.blobs.path(instance.blob), without_pixels=True, only=[*KEYWORDS, "StudyInstanceUID"]
                ),
            ).patient_hash
            for instance in read
        ]
