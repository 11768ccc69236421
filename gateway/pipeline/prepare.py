"""De-identify a study for one case and prove the copies clean before anything may leave.

The identity is committed in the same transaction as PREPARED, before a single copy can be forwarded.
Copies lie under keys derived from the case, so a second run writes the same files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pydicom import Dataset

from gateway.lifecycle import CaseState
from gateway.pipeline import held, originals
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.manifest import ManifestBuilder, Output, Stayed, canonical
from gateway.pipeline.outcome import Done, Outcome, Stuck
from gateway.privacy import Held, IdentifyingValue, PatientContext, Prepared, Preparer, Profile
from gateway.records import queries
from gateway.records.blobs import Batch
from gateway.records.evidence import Evidence, HeldFact, ManifestFact, PreparedFact
from gateway.records.held import HeldRow, held_objects
from gateway.records.tables import Case, Instance
from gateway.records.vault import Patient, SealedIdentity


def prepare(turn: Turn, context: StepContext) -> Outcome:
    """MATCHED -> PREPARED; a leak, or an image of the protocol that may not leave, asks a person: nothing is sent."""
    with context.database.read() as session:
        case = queries.case(session, turn.claim.id)
        known = {row.instance_id: row for row in held_objects(session, turn.claim.id)}
    instances = originals.kept(context.database, case.study_id)
    profile = context.profiles().get(case.profile or context.settings.files.profile)
    identity, patient = _who(context, case.site, originals.first_header(context.blobs, instances))
    values = originals.values(context.blobs, instances, patient.date_shift_days)
    with context.blobs.batch() as copies:
        work = _Preparation(
            context,
            case,
            profile,
            patient,
            copies=copies,
            instances=instances,
            values=values,
            preparer=Preparer(profile, patient, values, originals.parsed),
            kinds={str(row["series_number"]): str(row["kind"]) for row in case.series},
            known=known,
        )
        for instance in instances:
            work.take(instance)
    return work.outcome(identity, turn)


@dataclass
class _Preparation:
    """One run over the instances of a case: what may leave, what stays, and the record of both."""

    context: StepContext
    case: Case
    profile: Profile
    patient: PatientContext
    copies: Batch
    instances: list[Instance]
    values: frozenset[IdentifyingValue]
    preparer: Preparer
    kinds: Mapping[str, str]
    known: Mapping[int, HeldRow]
    """Earlier decisions, by instance."""
    manifest: ManifestBuilder = field(default_factory=ManifestBuilder)
    facts: list[PreparedFact] = field(default_factory=list)
    stays: list[HeldFact] = field(default_factory=list)
    shifted_study_date: str = ""
    pseudonymous_study_uid: str = ""

    @cached_property
    def needed(self) -> frozenset[str]:
        """Series Instance UIDs the protocol verdict relies on; asked only when something is held."""
        return held.relied_on(originals.headers(self.context.blobs, self.instances), self.case.verdict)

    def take(self, instance: Instance) -> None:
        """Make and prove one copy, or note why there is none."""
        assert instance.id is not None
        decision = self.known[instance.id].decision if instance.id in self.known else ""
        if decision == "left out":
            return
        data = self.context.blobs.get(instance.blob)
        try:
            done = self.preparer.prepare(data, self._kind, released=decision == "released")
        except Held as why:
            header = _header(data)
            kind = (self._kind(header) or "") if header is not None else ""
            self.stays.append(held.fact(instance, header, kind, why, self.needed))
            return
        self.manifest.searched(done.file)
        if done.leaks:
            original = originals.parsed(data)
            self.stays.append(held.leak_fact(instance, original, self._kind(original) or "", done.leaks))
            return
        self.manifest.add(
            Output(instance.id, done.sop_instance_uid, done.sop_class_uid, done.actions, done.file)
        )
        self.facts.append(self._kept(instance.id, done))
        self.shifted_study_date = self.shifted_study_date or done.study_date
        self.pseudonymous_study_uid = self.pseudonymous_study_uid or done.study_instance_uid

    def _kind(self, header: Dataset) -> str | None:
        return self.kinds.get(str(held.series_number(header))) or None

    def outcome(self, identity: SealedIdentity, turn: Turn) -> Outcome:
        """What the run found, with everything that stays here in its evidence."""
        stays = tuple(self.stays)
        stops = [one for one in stays if one.stops_case]
        note = {"prepared": len(self.facts), "held": len(stays)}
        if stops:
            problem, fix = held.question(stops)
            return Stuck(problem, fix, Evidence(note=note, held=stays))
        if not self.facts:
            return Stuck(
                "No object of this study may leave.",
                "Release an image on the case page, or ask the sender for the MR images; reports and private"
                " objects are not forwarded.",
                Evidence(note=note, held=stays),
            )
        manifest = self._manifest(turn)
        summary = {
            "generation": manifest.generation,
            "digest": manifest.digest,
            "profile": self.profile.name,
            "profile_version": self.profile.version,
            "key_id": self.patient.key.key_id,
            "prepared": len(self.facts),
            "held": len(stays),
            "leaks": 0,
        }
        return Done(
            CaseState.PREPARED,
            Evidence(
                note={**note, "leaks": 0, "manifest": manifest.digest},
                columns={
                    "shifted_study_date": self.shifted_study_date,
                    "pseudonymous_study_uid": self.pseudonymous_study_uid,
                    "manifest": summary,
                },
                identity=identity,
                prepared=tuple(self.facts),
                held=stays,
                manifest=manifest,
            ),
        )

    def _manifest(self, turn: Turn) -> ManifestFact:
        """Build and keep the manifest; its key is its digest, so that no generation overwrites another."""
        assert self.case.id is not None
        again = {one.instance_id for one in self.stays}
        waiting = [
            Stayed(
                one.instance_id, one.series_number, one.kind, one.what, one.reason, one.problem, "waiting", ""
            )
            for one in self.stays
        ]
        decided = [
            Stayed(
                row.instance_id,
                row.series_number,
                row.kind,
                row.what,
                row.reason,
                row.problem,
                row.decision,
                row.decided_by,
            )
            for row in self.known.values()
            if row.decision != "waiting" and row.instance_id not in again
        ]
        content = self.manifest.build(
            case_id=self.case.id,
            generation=self.case.generation,
            profile=self.profile,
            key_id=self.patient.key.key_id,
            values=self.values,
            stayed=sorted([*waiting, *decided], key=lambda one: one.source),
            made_at=turn.now,
        )
        digest = str(content["sha256"])
        blob = f"manifests/{self.case.id}/{digest}.json"
        self.context.blobs.put(blob, canonical(content))
        return ManifestFact(self.case.generation, digest, blob)

    def _kept(self, instance_id: int, done: Prepared) -> PreparedFact:
        blob = f"prepared/{self.case.id}/{done.sop_instance_uid}.dcm"
        self.copies.put(blob, done.file)
        return PreparedFact(
            instance_id, done.sop_class_uid, done.sop_instance_uid, done.transfer_syntax_uid, blob
        )


def _header(data: bytes) -> Dataset | None:
    try:
        return originals.parsed(data)
    except Held:
        return None


def _who(context: StepContext, site: str, header: Dataset) -> tuple[SealedIdentity, PatientContext]:
    """The sealed identity of a study's patient, and what replaces it."""
    found = [str(header.get(key, "") or "").strip() for key in originals.PATIENT_KEYS]
    patient = Patient(*found)
    key = context.pseudonym_key
    pseudonym = key.pseudonym(site, patient.issuer_of_patient_id, patient.patient_id)
    patient_hash = key.patient_hash(site, patient.issuer_of_patient_id, patient.patient_id)
    shift = key.date_shift_days(site, patient.issuer_of_patient_id, patient.patient_id)
    return context.vault.seal(site, patient, pseudonym, patient_hash), PatientContext(pseudonym, shift, key)
