"""Build the report's DICOM objects with the original identity.

Every form is made (Enhanced SR, Comprehensive SR, Basic Text SR, PDF, the printed pages), each under a UID derived
from the case and the signed text; return_report sends the first one that the node it goes to accepts. A report that
nobody would get is not built: a person is asked first.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pydicom import Dataset

from gateway import __version__
from gateway.decoding.errors import TooBusy
from gateway.lifecycle import CaseState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.report_pictures import pictures_of
from gateway.pipeline.step_result import Done, NotYet, StepResult, Stuck
from gateway.pipeline.steps import originals
from gateway.pipeline.steps.document_forms import PAGES, RICHEST_FIRST
from gateway.pipeline.steps.identities import (
    WAITS_FOR_A_LEAD,
    dispute,
    identity_of_copies,
    pseudonyms,
    shift_of,
    statements,
)
from gateway.pipeline.steps.persons import standing_header
from gateway.privacy.schemes import Pseudonyms
from gateway.recipients import Nobody, ToNode, recipient
from gateway.records import ledger
from gateway.records.step_record import StepRecord
from gateway.records.tables.cases import Because, Case, DocumentKind
from gateway.records.tables.studies import Study
from gateway.records.views import case_rows
from gateway.records.views.case_rows import ReportRow
from gateway.reporting.documents.forms import build, build_pages
from gateway.reporting.report import Report
from gateway.reporting.signer import DeviceIdentity, Predecessor, Purpose, Signature, Signer

CORRECTED = (
    "Corrected report: the identity of the patient or study was corrected; the findings are unchanged."
)
SERIES_NUMBER = 9900
"""High, so that the report's series stands behind the images in every PACS list."""


def compose(turn: Turn, context: StepContext) -> StepResult:
    """REPORTED -> COMPOSED: the objects lie in the object store, ready to be sent."""
    with context.database.read() as session:
        case = case_rows.case(session, turn.claim.id)
        study = case_rows.study(session, case.study_id)
        signed = case_rows.signed_report(session, turn.claim.id)
    if signed is None:
        return Stuck(
            "The case is REPORTED but no signed report was found.", "Restore the database from its backup."
        )
    report = Report.as_signed(signed.content)
    instances = originals.kept(context.database, case.study_id)
    pairs = originals.with_headers(context.blobs, instances)
    question = dispute(study, statements(pairs), context.no_patient_ids)
    if question is not None:
        why = "its images name two different patients: a lead decides"
        return NotYet(why, WAITS_FOR_A_LEAD, StepRecord(dispute=question))
    to = recipient(context.directory(), study.site, study.sender)
    if isinstance(to, Nobody):  # the identity is not even read for a report that could go nowhere
        return Stuck(to.problem, f"{to.fix} Then retry the case.")
    evidence = [header for _, header in pairs]
    standing = standing_header(context.blobs, study, instances)
    read_as = identity_of_copies(context, case)
    # The gateway reads an identity back here: it is in the audit trail before it is in a file.
    assert case.identity_id is not None
    patient = ledger.open_identity(
        context.database, context.vault, case.identity_id, "gateway", f"report of case {case.id}"
    )
    if read_as != case.identity_id:  # the words speak of the dates that the reader saw then
        why = f"report of case {case.id}, as it was read"
        patient = ledger.open_identity(context.database, context.vault, read_as, "gateway", why)
    shift = shift_of(context, case, study, patient)
    priors = (
        originals.priors(context.database, context.blobs, case) if report.comparison.prior_study_date else []
    )
    derived = pseudonyms(context, case)
    originals_of = {derived.uid(str(ds.SOPInstanceUID)): str(ds.SOPInstanceUID) for ds in evidence}
    for prior in priors:
        uid = str(prior.header.SOPInstanceUID)
        originals_of |= {pseudonyms(context, case, scheme).uid(uid): uid for scheme in prior.schemes}
    earlier = _predecessor(case, study, derived, signed)
    # Another document is another object, and so is the same one under another identity.
    again = f":v{signed.version}" if signed.version > 1 else ""
    again += f":{case.corrections}" if case.corrections else ""
    device = DeviceIdentity(
        "pml-gateway", context.settings.dicom.ae_title, __version__, uid=derived.device_uid()
    )
    try:
        pictures = () if earlier and earlier.withdraws else pictures_of(context, turn.claim.id, report)
    except TooBusy as error:
        return NotYet(error.problem)
    composed: dict[str, dict[str, str]] = {}
    for number, form in enumerate(RICHEST_FIRST):
        made: dict[str, Any] = {
            "identity": standing,
            "predecessor": earlier,
            "priors": [prior.header for prior in priors],
            "date_shift_days": shift,
            "pictures": pictures,
            "original_uids": originals_of,
            "signature": Signature(
                Signer(signed.signer_name, "Reading site", signed.signer_login), signed.signed_at
            ),
            "series_instance_uid": derived.report_series_uid(case.saved_id, form),
            "series_number": SERIES_NUMBER + number,
            "device": device,
        }
        uid_of_page = _UidOfPage(derived, case.saved_id, signed.digest, f"{form}{again}")
        if form == PAGES:
            datasets = build_pages(report, evidence, sop_instance_uid_of=uid_of_page, **made)
        else:
            datasets = [build(report, evidence, sop_instance_uid=uid_of_page.of_all, as_=form, **made)]
        for page, dataset in enumerate(datasets, 1):
            name = form if page == 1 else f"{form} {page}"
            blob = f"reports/{case.id}/{name.replace(' ', '-')}{again.replace(':', '-')}.dcm"
            context.blobs.put(blob, _file(dataset))
            composed[name] = {
                "blob": blob,
                "series_instance_uid": str(dataset.SeriesInstanceUID),
                "sop_class_uid": str(dataset.SOPClassUID),
                "sop_instance_uid": str(dataset.SOPInstanceUID),
                "transfer_syntax_uid": str(dataset.file_meta.TransferSyntaxUID),
            }
    note = {"forms": list(RICHEST_FIRST), "references": len(evidence)}
    columns = {"composed": composed, "returns_to": to.node.name if isinstance(to, ToNode) else ""}
    return Done(CaseState.COMPOSED, StepRecord(note=note, columns=columns))


@dataclass(frozen=True)
class _UidOfPage:
    """The SOP Instance UID of each page, derived like that of every other form."""

    pseudonyms: Pseudonyms
    case_id: int
    digest: str
    form: str

    @property
    def of_all(self) -> str:
        """Of a form that is one object."""
        return self.pseudonyms.report_uid(self.case_id, self.digest, self.form)

    def __call__(self, page: int) -> str:
        return self.pseudonyms.report_uid(self.case_id, self.digest, f"{self.form}:{page}")


def _predecessor(case: Case, study: Study, derived: Pseudonyms, signed: ReportRow) -> Predecessor | None:
    """The object that went back and that this one follows, with what the new one says of itself; None: the first."""
    before = case.predecessor
    if not before:
        return None
    # A report that was built before the series was noted lies in the series that is derived for its form.
    series = before.get("series_instance_uid") or derived.report_series_uid(case.saved_id, before["form"])
    is_moved = before.get("because", Because.IDENTITY) == Because.IDENTITY
    return Predecessor(
        study.study_instance_uid,
        series,
        before["sop_class_uid"],
        before["sop_instance_uid"],
        Purpose.ADDENDED if signed.kind == DocumentKind.ADDENDUM and not is_moved else Purpose.REPLACED,
        " ".join(filter(None, (CORRECTED if is_moved else "", following_words(signed)))),
        withdraws=signed.kind == DocumentKind.WITHDRAWAL,
    )


def following_words(signed: ReportRow) -> str:
    """What a document that follows says of itself, before its findings; empty for a first report."""
    match signed.kind:
        case DocumentKind.ADDENDUM:
            return signed.note
        case DocumentKind.CORRECTION:
            changed = f" Changed: {'; '.join(signed.changed)}." if signed.changed else ""
            return f"Corrected report, replaces the one before. {signed.note}{changed}"
        case DocumentKind.WITHDRAWAL:
            return f"This report is withdrawn: no report of this study stands. {signed.note}"
    return ""


def _file(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
