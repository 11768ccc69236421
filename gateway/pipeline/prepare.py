"""De-identify a study for one case and prove the copies clean before anything may leave.

The identity is committed in the same transaction as PREPARED, before a single copy can be forwarded.
Copies lie under keys derived from the case, so a second run writes the same files.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from pydicom import Dataset

from gateway import __version__
from gateway.lifecycle import CaseState
from gateway.pipeline import originals
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.outcome import Done, Outcome, Stuck
from gateway.privacy import (
    Held,
    PatientContext,
    deidentify,
    encode,
    find_leaks,
    identifying_values,
    load_profile,
)
from gateway.records import queries
from gateway.records.evidence import Evidence, PreparedFact
from gateway.records.tables import Case, Instance
from gateway.records.vault import Patient, SealedIdentity


def prepare(turn: Turn, context: StepContext) -> Outcome:
    """MATCHED -> PREPARED; a leak, or an image that may not leave, asks for a person and nothing is sent."""
    with context.database.read() as session:
        case = queries.case(session, turn.claim.id)
    instances = originals.kept(context.database, case.study_id)
    headers = originals.headers(context.blobs, instances)
    identity, patient = _who(context, case.site, headers[0])
    profile = load_profile(context.settings.files.profile)
    values = identifying_values(headers)
    kinds = {str(row["series_number"]): str(row["kind"]) for row in case.series}

    actions: Counter[str] = Counter()
    facts: list[PreparedFact] = []
    left_behind: Counter[str] = Counter()
    shifted_date = ""
    for instance, dataset in originals.whole(context.blobs, instances):
        if instance.sop_class_uid not in profile.sop_classes:
            left_behind[instance.sop_class_uid] += 1
            continue
        try:
            result = deidentify(dataset, patient, profile, kinds.get(str(dataset.get("SeriesNumber", ""))))
        except Held as held:
            return Stuck(
                f"An image may not leave: {held.problem}", held.fix, Evidence(note={"instance": instance.id})
            )
        file = encode(result.dataset)
        leaks = find_leaks(file, values)
        if leaks:
            where = sorted({f"{leak.attribute} at byte {leak.offset}" for leak in leaks})[:10]
            return Stuck(
                f"The copy of instance {instance.id} still holds identifying values: {', '.join(where)}.",
                "Nothing was sent. Report this to the maintainers with the attribute names; never force it out.",
            )
        actions.update(result.actions)
        facts.append(_keep(context, case, instance, result.dataset, file))
        shifted_date = shifted_date or str(result.dataset.get("StudyDate", "") or "")
    if not facts:
        return Stuck(
            "No object of this study may leave: none is an MR image.",
            "Ask the sender for the MR images; secondary captures, reports and private objects are not forwarded.",
        )
    manifest: dict[str, Any] = {
        "profile": profile.name,
        "software": __version__,
        "key_id": patient.key.key_id,
        "prepared": len(facts),
        "left_behind": dict(left_behind),
        "actions": dict(actions),
        "leaks": 0,
        "generation": case.generation,
    }
    return Done(
        CaseState.PREPARED,
        Evidence(
            note={"prepared": len(facts), "left behind": sum(left_behind.values()), "leaks": 0},
            columns={"shifted_study_date": shifted_date, "manifest": manifest},
            identity=identity,
            prepared=tuple(facts),
        ),
    )


def _who(context: StepContext, site: str, header: Dataset) -> tuple[SealedIdentity, PatientContext]:
    """The sealed identity of a study's patient, and what replaces it."""
    found = [str(header.get(key, "") or "").strip() for key in originals.PATIENT_KEYS]
    patient = Patient(*found)
    key = context.pseudonym_key
    pseudonym = key.pseudonym(site, patient.issuer_of_patient_id, patient.patient_id)
    patient_hash = key.patient_hash(site, patient.issuer_of_patient_id, patient.patient_id)
    shift = key.date_shift_days(site, patient.issuer_of_patient_id, patient.patient_id)
    return context.vault.seal(site, patient, pseudonym, patient_hash), PatientContext(pseudonym, shift, key)


def _keep(context: StepContext, case: Case, instance: Instance, copy: Dataset, file: bytes) -> PreparedFact:
    blob = f"prepared/{case.id}/{copy.SOPInstanceUID}.dcm"
    context.blobs.put(blob, file)
    assert instance.id is not None
    return PreparedFact(
        instance.id,
        str(copy.SOPClassUID),
        str(copy.SOPInstanceUID),
        str(copy.file_meta.TransferSyntaxUID),
        blob,
    )
