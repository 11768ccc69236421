"""Whom to forget: from a PatientID, a case or a study to the patient's hash, and to studies not decided yet.

Needs the pseudonym key, which the web role does not have: forgetting is a command.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from pydicom import Dataset
from sqlmodel import col, or_, select

from dicom_nodes.data_sets import data_set_of
from gateway.errors import GatewayError, NotThere
from gateway.identity.numbers import Subject
from gateway.identity.patient import KEYWORDS, StatedPatient, stated_in
from gateway.pipeline.steps import originals
from gateway.pipeline.steps.calendar import open_letters
from gateway.pipeline.steps.persons import Persons, standing_header, whom
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.records import forgetting, ledger, patients
from gateway.records.blobs import BlobStore
from gateway.records.database import Database
from gateway.records.forgetting import ForgettingPlan
from gateway.records.patients import UNDECIDED
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Identity, Study
from gateway.records.views import case_rows, conflict_rows


@dataclass(frozen=True)
class ForgetRequest:
    """A patient to forget: only the keyed hashes, and studies that name the patient in their headers.

    More than one hash where studies of before and after a change of scheme were not known to be one patient's.
    """

    site: str
    hashes: tuple[str, ...]
    also: tuple[int, ...] = ()


@dataclass(frozen=True)
class Forgetter:
    """Everything that forgetting works on; `no_patient_ids` is `[study] no_patient_ids`."""

    database: Database
    blobs: BlobStore
    key: PseudonymKey
    no_patient_ids: Collection[str] = ()

    def by_patient_id(self, site: str, issuer: str, patient_id: str) -> ForgetRequest:
        """The patient with this number at a site; `issuer` as the sender writes it."""
        whose = Subject(issuer, patient_id, "", has_number=True)
        return self._with_undecided(site, self.key.patient_hashes(site, whose))

    def by_case(self, case_id: int) -> ForgetRequest:
        """The patient of a case; raises NotThere."""
        with self.database.read() as session:
            case = session.get(Case, case_id)
            if case is None:
                raise NotThere(f"There is no case {case_id}.", "List them with: gateway cases list")
            study_id, identity = case.study_id, case.identity_id and session.get(Identity, case.identity_id)
        if identity:
            return self._with_undecided(identity.site, self._of_study(study_id, identity.patient_hash))
        return self.by_study(study_id)

    def by_study(self, study_id: int) -> ForgetRequest:
        """The patient of a study: the one its first image names; raises NotThere."""
        with self.database.read() as session:
            study = session.get(Study, study_id)
        if study is None:
            raise NotThere(f"There is no study {study_id}.", "The page of studies shows every number.")
        return self._with_undecided(study.site, self._of_study(study_id, study.patient_hash))

    def plan(self, wanted: ForgetRequest) -> ForgettingPlan:
        """What would go."""
        with self.database.read() as session:
            return forgetting.plan(session, wanted.hashes, wanted.also)

    def forget(
        self, wanted: ForgetRequest, who: str, why: str, *, even_open: bool = False
    ) -> tuple[int, bool]:
        """Forget; returns the number of files deleted, and whether the database gave up the old bytes too."""
        database, files = self.database, 0
        # What is open comes first: when that is refused, nothing was forgotten.
        for one in sorted(wanted.hashes, key=lambda one: not self.plan(replace(wanted, hashes=(one,))).open):
            forgotten_id = ledger.begin_forgetting(
                database, one, wanted.site, wanted.also, who, why, even_open=even_open
            )
            files += forgetting.finish(database, self.blobs, forgotten_id)
        return files, database.give_up_deleted(forgetting.TABLES)

    def _of_study(self, study_id: int, own: str) -> tuple[str, ...]:
        """The hashes of a study's patient: its own, and those under which the one whom it names may be known."""
        with self.database.read() as session:
            study = session.get_one(Study, study_id)
        if own and study.forgotten_at is not None:
            return (own,)  # what is left of its files goes now
        try:
            with self.database.read() as session:
                stands = case_rows.instances(session, study_id)
                read = stands or conflict_rows.instances(session, study_id)
            header = standing_header(self.blobs, study, read)
        except (GatewayError, *originals.NOT_DICOM):
            if own:  # nothing of it can be read, and so nothing says more
                return (own,)
            raise
        return tuple(dict.fromkeys((*filter(None, [own]), *self._hashes(study, header))))

    def _with_undecided(self, site: str, hashes: Sequence[str]) -> ForgetRequest:
        """The hashes on record, with studies whose headers nobody has read, or that name several patients."""
        # Who was enrolled a moment ago is known by a letter alone.
        open_letters(self.database, self.key, self.no_patient_ids)
        with self.database.read() as session:
            known = patients.known(session, hashes)
            unread = session.exec(
                select(Study).where(
                    Study.site == site,
                    col(Study.forgotten_at).is_(None),
                    or_(col(Study.state).in_(UNDECIDED), Study.patient_hash == "", col(Study.patients) > 1),
                )
            ).all()
        also = [
            study.saved_id
            for study in unread
            if study.patient_hash not in known
            and any(
                not set(hashes).isdisjoint(self._hashes(study, header)) for header in self._headers(study)
            )
        ]
        wanted = [one for one in dict.fromkeys(hashes) if one in known]
        return ForgetRequest(site, tuple(wanted or [*hashes][-1:]), tuple(also))

    def _headers(self, study: Study) -> Iterator[Dataset]:
        """What names the patient, each statement once, as it came; where no version stands, in each version."""
        seen: set[StatedPatient] = set()
        with self.database.read() as session:
            stands = case_rows.instances(session, study.saved_id)
            read = stands or conflict_rows.instances(session, study.saved_id)
        for instance in read:
            header = data_set_of(
                self.blobs.path(instance.blob), without_pixels=True, only=[*KEYWORDS, "StudyInstanceUID"]
            )
            if (stated := stated_in(header)) not in seen:
                seen.add(stated)
                yield header

    def _hashes(self, study: Study, header: Dataset) -> tuple[str, ...]:
        """The hashes under which the records may know the patient of a header, the latest scheme last."""
        persons = Persons(self.database, self.blobs, self.key, self.no_patient_ids)
        named = self.key.patient_hashes(study.site, whom(header, self.no_patient_ids))
        return tuple(dict.fromkeys((persons.of_study(study, header).patient_hash, *named)))
