"""De-identify a study for one case and prove the copies clean before anything may leave.

The identity is committed in the same transaction as PREPARED, before a single copy can be forwarded.
Copies lie under keys derived from the case, so a second run writes the same files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from pydicom import Dataset

from gateway.lifecycle import CaseState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.cores import shared
from gateway.pipeline.step_result import Done, StepResult, Stuck
from gateway.pipeline.steps import held_objects, originals
from gateway.pipeline.steps.copies import Copy, Leaking, Original, Share, Withheld, copies_of, values_in
from gateway.pipeline.steps.identities import persons, pseudonyms, sealed
from gateway.pipeline.steps.manifest import KEEP, ManifestBuilder, Stayed, canonical, faces_described
from gateway.pipeline.steps.persons import standing_header, whom
from gateway.privacy.deidentify.instance import PatientContext
from gateway.privacy.errors import FACE_STAYS, Held
from gateway.privacy.fast.identifying_values import StudyValues
from gateway.privacy.leak_search.search import IdentifyingValue
from gateway.records.identities.vault import SealedIdentity
from gateway.records.step_record import NewHeldObject, NewManifest, NewPreparedInstance, StepRecord
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Instance
from gateway.records.views import case_rows
from gateway.records.views.held_object_rows import HeldRow, held_objects_of
from routing_rules.series.series import PROVEN

if TYPE_CHECKING:
    from gateway.faces.cut import Faces


def prepare(turn: Turn, context: StepContext) -> StepResult:
    """MATCHED -> PREPARED; a leak, or an image of the protocol that may not leave, asks a person: nothing is sent."""
    with context.database.read() as session:
        case = case_rows.case(session, turn.claim.id)
        study = case_rows.study(session, case.study_id)
        known = {row.instance_id: row for row in held_objects_of(session, turn.claim.id)}
    instances = originals.kept(context.database, case.study_id)
    profile = context.profiles().get(case.profile or context.settings.files.profile)
    header = standing_header(context.blobs, study, instances)
    alias = persons(context).of_study(study, header)
    patient = PatientContext(alias.pseudonym, alias.date_shift_days, pseudonyms(context, case))
    whole = Share(
        context.blobs,
        case.saved_id,
        profile,
        patient,
        _values(context, instances, patient.date_shift_days),
        kinds_by_number(case.series),
        kinds_by_number(case.series, least=PROVEN),
        (),
    )
    whole = replace(whole, faces=_faces(context, case, whole, instances))
    numbered = whom(header, context.no_patient_ids).has_number
    work = _Preparation(context, case, whole, instances, known, numbered or study.person_of is not None)
    for one in _made(context, whole, instances, known):
        work.take(one)
    return work.result(sealed(context, case.site, header, alias))


def kinds_by_number(series: Sequence[Mapping[str, Any]], *, least: float = 0.0) -> Mapping[str, str]:
    """The kind of each series by its number; those less sure than `least` and numbers of two kinds are left out."""
    kinds: dict[str, set[str]] = {}
    for row in series:
        sure = float(row.get("confidence") or 0.0) >= least
        kinds.setdefault(str(row["series_number"]), set()).add(str(row["kind"]) if sure else "")
    return {number: found.pop() for number, found in kinds.items() if len(found) == 1 and found != {""}}


def _faces(context: StepContext, case: Case, share: Share, instances: Sequence[Instance]) -> Faces | None:
    """What takes faces out, where the case's rule or its site asks for it; raises LibrariesMissing."""
    if case.faces == KEEP and case.site not in context.settings.files.deface_sites:
        return None
    from gateway.faces.missing import refuse_if_missing
    from gateway.faces.study import faces_of

    refuse_if_missing()
    return faces_of(
        originals.with_headers(context.blobs, list(instances)),
        share.kind,
        lambda instance: originals.parsed(context.blobs.get(instance.blob)),
    )


def _values(context: StepContext, instances: Sequence[Instance], shift: int) -> frozenset[IdentifyingValue]:
    """What the leak search has to look for in every copy: each identifying value of each original."""
    keys = [[instance.blob for instance in share] for share in shared(instances, context.cores.processes)]
    study = StudyValues()
    for found in context.cores.each(partial(values_in, context.blobs), keys):
        study.join(found)
    return study.values(shift)


def _made(
    context: StepContext, whole: Share, instances: Sequence[Instance], known: Mapping[int, HeldRow]
) -> list[Copy | Withheld | Leaking]:
    """What becomes of each instance that nobody left out, in order of arrival."""
    decided = {number: row.decision for number, row in known.items()}
    with_face = {number for number, row in known.items() if FACE_STAYS in row.problem}
    shares = [
        replace(
            whole,
            originals=tuple(
                Original(
                    one.saved_id, one.blob, decided.get(one.saved_id) == "released", one.saved_id in with_face
                )
                for one in share
                if decided.get(one.saved_id) != "left out"
            ),
        )
        for share in shared(instances, context.cores.processes)
    ]
    made = [one for found in context.cores.each(copies_of, shares) for one in found]
    return sorted(made, key=lambda one: one.instance_id)


@dataclass
class _Preparation:
    """One run over the instances of a case: what may leave, what stays, and the record of both."""

    context: StepContext
    case: Case
    share: Share
    instances: list[Instance]
    known: Mapping[int, HeldRow]
    """Earlier decisions, by instance."""
    numbered: bool
    """Whether the patient has a number, or a lead said whose study it is."""
    manifest: ManifestBuilder = field(default_factory=ManifestBuilder)
    prepared: list[NewPreparedInstance] = field(default_factory=list)
    stays: list[NewHeldObject] = field(default_factory=list)
    shifted_study_date: str = ""
    pseudonymous_study_uid: str = ""

    @cached_property
    def needed(self) -> frozenset[str]:
        """Series Instance UIDs the protocol verdict relies on; asked only when something is held."""
        return held_objects.relied_on(
            originals.headers(self.context.blobs, self.instances), self.case.verdict
        )

    @cached_property
    def by_number(self) -> Mapping[int, Instance]:
        """The instances by their rows' numbers."""
        return {instance.saved_id: instance for instance in self.instances}

    def take(self, result: Copy | Withheld | Leaking) -> None:
        """Note a copy, or why there is none."""
        match result:
            case Copy():
                self.manifest.searched(result.size)
                self.manifest.add(result.prepared, result.actions, result.sha256)
                self.prepared.append(result.prepared)
                self.shifted_study_date = self.shifted_study_date or result.study_date
                self.pseudonymous_study_uid = self.pseudonymous_study_uid or result.study_instance_uid
            case Withheld():
                instance, header = self._looked_at(result.instance_id)
                kind = (self.share.kind(header) or "") if header is not None else ""
                self.stays.append(held_objects.held_object(instance, header, kind, result.why, self.needed))
            case Leaking():
                self.manifest.searched(result.size)
                instance, header = self._looked_at(result.instance_id)
                kind = (self.share.kind(header) or "") if header is not None else ""
                self.stays.append(held_objects.leaking_object(instance, header, kind, result.leaks))

    def _looked_at(self, instance_id: int) -> tuple[Instance, Dataset | None]:
        """An instance that stays here, and its data set; None when it cannot be read."""
        instance = self.by_number[instance_id]
        try:
            return instance, originals.parsed(self.context.blobs.get(instance.blob))
        except Held:
            return instance, None

    def result(self, identity: SealedIdentity) -> StepResult:
        """What the run found, with everything that stays here in its record."""
        stays = tuple(self.stays)
        stops = [one for one in stays if one.stops_case]
        note: dict[str, Any] = {"prepared": len(self.prepared), "held": len(stays)}
        if not self.numbered:
            note["patient"] = "has no number: this study stands alone, without priors and calendar"
        if stops:
            problem, fix = held_objects.question(stops)
            return Stuck(problem, fix, StepRecord(note=note, held=stays))
        if not self.prepared:
            return Stuck(
                "No object of this study may leave.",
                "Release an image on the case page, or ask the sender for the MR images; reports and private"
                " objects are not forwarded.",
                StepRecord(note=note, held=stays),
            )
        manifest = self._manifest()
        summary = {
            "generation": manifest.generation,
            "digest": manifest.digest,
            "profile": self.share.profile.name,
            "profile_version": self.share.profile.version,
            "key_id": self.share.patient.key.key_id,
            "prepared": len(self.prepared),
            "held": len(stays),
            "leaks": 0,
            "faces": KEEP if self.share.faces is None else "deface",
        }
        return Done(
            CaseState.PREPARED,
            StepRecord(
                note={**note, "leaks": 0, "manifest": manifest.digest},
                columns={
                    "shifted_study_date": self.shifted_study_date,
                    "pseudonymous_study_uid": self.pseudonymous_study_uid,
                    "manifest": summary,
                },
                identity=identity,
                prepared=tuple(self.prepared),
                held=stays,
                manifest=manifest,
            ),
        )

    def _manifest(self) -> NewManifest:
        """Build and keep the manifest; its key is its digest, so that no generation overwrites another."""
        again = {held.instance_id for held in self.stays}
        waiting = [
            Stayed(
                held.instance_id,
                held.series_number,
                held.kind,
                held.what,
                held.reason,
                held.problem,
                "waiting",
                "",
            )
            for held in self.stays
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
            case_id=self.case.saved_id,
            generation=self.case.generation,
            profile=self.share.profile,
            key_id=self.share.patient.key.key_id,
            faces=faces_described(None if self.share.faces is None else [self.share.faces]),
            values=self.share.values,
            stayed=sorted([*waiting, *decided], key=lambda held: held.source),
        )
        digest = str(content["sha256"])
        blob = f"manifests/{self.case.id}/{digest}.json"
        self.context.blobs.put(blob, canonical(content))
        return NewManifest(self.case.generation, digest, blob)
