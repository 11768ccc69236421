"""Commands on files, without a running gateway: sending, classifying, explaining, rendering.

De-identifying them is `gateway.files.deidentification`.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydicom import Dataset

from dicom_nodes.outgoing import OutgoingFile
from gateway import __version__
from gateway.errors import GatewayError
from gateway.files.dicom_file import shown
from gateway.files.found_files import FoundFiles, UnusedFile, find_files
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.reporting.documents.forms import build
from gateway.reporting.report import Report
from gateway.reporting.signer import DeviceIdentity, Unsigned
from routing_rules.facts import StudyFacts, study_facts
from routing_rules.protocol.coverage import covered_by
from routing_rules.protocol.requirements import standard_protocol
from routing_rules.series.recognition import classify_study
from routing_rules.series.vendor_facts import VendorFacts

NO_NAME = "It lacks SOP Class UID, SOP Instance UID or Transfer Syntax UID: no node can take it."


def outgoing(listing: FoundFiles) -> list[OutgoingFile]:
    """The files to send; one without the UIDs that name it moves to those that are not used."""
    nameless = [file for file, header in listing.headers if not _is_named(header)]
    listing.unused += [UnusedFile(file, NO_NAME, is_damaged=True) for file in nameless]
    return [
        OutgoingFile(
            file, str(header.SOPClassUID), str(header.SOPInstanceUID), str(header.file_meta.TransferSyntaxUID)
        )
        for file, header in listing.headers
        if _is_named(header)
    ]


def _is_named(header: Dataset) -> bool:
    meta = getattr(header, "file_meta", Dataset())
    return bool(header.get("SOPClassUID") and header.get("SOPInstanceUID") and meta.get("TransferSyntaxUID"))


def classified(listing: FoundFiles, vendor_facts: VendorFacts | None = None) -> list[dict[str, Any]]:
    """One row for each series: kind, confidence, evidence, coverage, files; None: the standard vendor facts."""
    headers, protocol = listing.headers, standard_protocol()
    files: dict[str, list[str]] = {}
    for file, header in headers:
        files.setdefault(str(header.get("SeriesInstanceUID", "")), []).append(shown(file))
    return [
        {
            "series": series.series_instance_uid,
            "description": series.description,
            "kind": str(series.kind),
            "confidence": series.confidence,
            "evidence": list(series.evidence),
            "caveats": list(series.caveats),
            "b_values": list(series.b_values),
            "slice_thickness_mm": series.slice_thickness_mm,
            "three_d": series.three_d,
            "contrast": series.contrast,
            "contrast_why": series.contrast_why,
            "coverage": asdict(covered_by(series, protocol)),
            "files": files.get(series.series_instance_uid, []),
            "reason": "",
        }
        for series in classify_study([header for _, header in headers], vendor_facts)
    ]


def unused_rows(listing: FoundFiles) -> list[dict[str, Any]]:
    """One row of the same make for each file that is not used; its kind is `unreadable` or `no_dicom`."""
    return [
        {
            "series": "",
            "description": "",
            "kind": "unreadable" if file.is_damaged else "no_dicom",
            "confidence": 0.0,
            "evidence": [],
            "caveats": [],
            "b_values": [],
            "slice_thickness_mm": None,
            "three_d": None,
            "contrast": None,
            "contrast_why": "",
            "coverage": None,
            "files": [shown(file.path)],
            "reason": file.reason,
        }
        for file in listing.unused
    ]


def facts_of(
    listing: FoundFiles, calling: str, called: str, vendor_facts: VendorFacts | None = None
) -> StudyFacts:
    """The facts rules decide on, as if these files had been sent by `calling` to `called`."""
    headers = [header for _, header in listing.headers]
    if not headers:
        raise GatewayError("There is no DICOM file that can be read.", "Name a folder with one study.")
    return study_facts(
        headers,
        sender=calling,
        calling_ae_title=calling,
        called_ae_title=called,
        address="",
        site="default",
        vendor_facts=vendor_facts,
    )


def render_report(report: Path, evidence: Path, target: Path, form: str) -> None:
    """Write a report (JSON) over the study in `evidence` as a DICOM object: preliminary, since nobody signs here."""
    pseudonyms = PseudonymKey(secrets.token_bytes(32), "rendering").of("")
    content = _report_of(report)
    dataset = build(
        content,
        [header for _, header in find_files([evidence]).headers],
        signature=Unsigned(datetime.now(UTC)),
        sop_instance_uid=pseudonyms.report_uid(0, "", form),
        series_instance_uid=pseudonyms.report_series_uid(0, form),
        series_number=9900,
        device=DeviceIdentity("pml-gateway", "command line", __version__, uid=pseudonyms.device_uid()),
        as_=form,
        date_shift_days=0,
    )
    dataset.save_as(target, enforce_file_format=True)


def _report_of(file: Path) -> Report:
    """The report in a JSON file. Raises GatewayError that names every part that is wrong, not what it says."""
    try:
        return Report.model_validate_json(file.read_bytes())
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc']))} {each['msg']}".strip() for each in error.errors()
        )
        raise GatewayError(
            f"{file} is no report: {wrong}.",
            "Take a signed one: it stands under `report` in what /api/cases/ID/report answers.",
        ) from None
