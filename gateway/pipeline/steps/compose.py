"""Build the report's DICOM objects with the original identity.

Every form of the ladder is made (Enhanced SR, Comprehensive SR, Basic Text SR, PDF), each under a UID derived
from the case and the signed text; return_report sends the first one the sender's PACS accepts.
"""

from __future__ import annotations

from io import BytesIO

from pydicom import Dataset

from gateway import __version__
from gateway.lifecycle import CaseState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.outcome import Done, NotYet, Outcome, Stuck
from gateway.pipeline.steps import originals
from gateway.pipeline.steps.identities import WAITS_FOR_A_LEAD, dispute, standing_header, statements
from gateway.records import ledger
from gateway.records.evidence import Evidence
from gateway.records.views import case_rows
from gateway.reporting.report import Report
from gateway.reporting.signer import DeviceIdentity, Signer
from gateway.reporting.structured_report import build

LADDER = ("enhanced", "comprehensive", "basic", "pdf")
SERIES_NUMBER = 9900
"""High, so that the report's series stands behind the images in every PACS list."""


def compose(turn: Turn, context: StepContext) -> Outcome:
    """REPORTED -> COMPOSED: the objects lie in the object store, ready to be sent."""
    with context.database.read() as session:
        case = case_rows.case(session, turn.claim.id)
        study = case_rows.study(session, case.study_id)
        signed = case_rows.signed_report(session, turn.claim.id)
    if signed is None:
        return Stuck(
            "The case is REPORTED but no signed report was found.", "Restore the database from its backup."
        )
    report = Report.model_validate(signed.content)
    instances = originals.kept(context.database, case.study_id)
    pairs = originals.with_headers(context.blobs, instances)
    question = dispute(study, statements(pairs))
    if question is not None:
        why = "its images name two different patients: a lead decides"
        return NotYet(why, WAITS_FOR_A_LEAD, Evidence(dispute=question))
    evidence = [header for _, header in pairs]
    standing = standing_header(context, study, instances)
    # The gateway reads an identity back here: it is in the audit trail before it is in a file.
    assert case.identity_id is not None
    patient = ledger.open_identity(
        context.database, context.vault, case.identity_id, "gateway", f"report of case {case.id}"
    )
    if case.read_under is not None:  # the words speak of the dates that the reader saw then
        why = f"report of case {case.id}, as it was read"
        patient = ledger.open_identity(context.database, context.vault, case.read_under, "gateway", why)
    key = context.pseudonym_key
    shift = key.date_shift_days(case.site, patient.issuer_of_patient_id, patient.patient_id)
    priors = (
        originals.priors(context.database, context.blobs, case) if report.comparison.prior_study_date else []
    )
    originals_of = {key.uid(str(ds.SOPInstanceUID)): str(ds.SOPInstanceUID) for ds in (*evidence, *priors)}
    again = f":{case.corrections}" if case.corrections else ""  # another identity is another object
    composed: dict[str, dict[str, str]] = {}
    for form in LADDER:
        dataset = build(
            report,
            evidence,
            identity=standing,
            priors=priors,
            date_shift_days=shift,
            original_uids=originals_of,
            signed_by=Signer(signed.signer_name, "Reading site", signed.signer_login),
            signed_at=signed.signed_at,
            sop_instance_uid=key.uid(f"report:{case.id}:{signed.digest}:{form}{again}"),
            series_instance_uid=key.uid(f"report series:{case.id}:{form}"),
            series_number=SERIES_NUMBER + LADDER.index(form),
            device=DeviceIdentity(
                "pml-gateway", context.settings.dicom.ae_title, __version__, uid=key.uid("this gateway")
            ),
            as_=form,
        )
        blob = f"reports/{case.id}/{form}{again.replace(':', '-')}.dcm"
        context.blobs.put(blob, _file(dataset))
        composed[form] = {
            "blob": blob,
            "sop_class_uid": str(dataset.SOPClassUID),
            "sop_instance_uid": str(dataset.SOPInstanceUID),
            "transfer_syntax_uid": str(dataset.file_meta.TransferSyntaxUID),
        }
    note = {"forms": list(LADDER), "references": len(evidence)}
    return Done(CaseState.COMPOSED, Evidence(note=note, columns={"composed": composed}))


def _file(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
