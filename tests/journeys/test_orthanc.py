"""Orthanc as the hospital's PACS, and Orthanc as the reading site by STOW-RS."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
import requests
from pydicom import dcmread

from gateway.demo.demo_systems import HOST, DemoSystems
from gateway.records.views import case_rows
from support.journeys import FAST, push, scan, sign, uids, wait_for_case
from support.nodes import replies
from support.nodes.peers import orthanc

pytestmark = [pytest.mark.orthanc, pytest.mark.timeout(180)]


def test_orthanc_gets_its_report_back_under_the_original_patient(tmp_path: Path) -> None:
    """Push from one Orthanc, STOW-RS to another, and the SR returns to the first, committed, beside the study."""
    for name in ("stage", "pacs", "site"):
        (tmp_path / name).mkdir()
    with (
        DemoSystems(tmp_path / "stage", FAST) as systems,
        orthanc(tmp_path / "pacs", gateway_port=systems.dicom_port) as pacs,
        orthanc(tmp_path / "site") as site,
    ):
        (systems.config.parent / "nodes.yaml").write_text(
            "nodes:\n"
            f"  - {{name: hospital-pacs, kind: dimse, ae_title: {pacs.ae_title}, host: {HOST}, port: {pacs.dicom_port},"
            " roles: [sender, archive], site: hospital}\n"
            f"  - {{name: reading-site, kind: dicomweb, url: '{site.url}/dicom-web', roles: [reader], site: reading}}\n"
        )
        study = scan(systems)
        for file in systems.hospital.files():
            requests.post(f"{pacs.url}/instances", data=file.path.read_bytes(), timeout=30).raise_for_status()
        [stored] = pacs.get("/studies")
        sent = requests.post(f"{pacs.url}/modalities/gateway/store", json=[stored], timeout=60)
        sent.raise_for_status()
        client = systems.client()
        case = wait_for_case(systems, client, "FORWARDED")
        sign(client, case["id"])
        wait_for_case(systems, client, "CONFIRMED")

        database = systems.database()
        with database.read() as session:
            how = case_rows.journal(session, 1, 1)[-1].detail["how"]
        database.close()
        assert how == "storage commitment"
        [patient] = pacs.get("/patients")
        assert pacs.get(f"/patients/{patient}")["MainDicomTags"]["PatientID"] == study[0].PatientID
        [found] = pacs.get("/studies?expand")
        series = [pacs.get(f"/series/{one}") for one in found["Series"]]
        assert [one["MainDicomTags"]["Modality"] for one in series].count("SR") == 1
        read = [pacs_uid(one) for one in site.get("/instances?expand")]
        assert len(read) == len(study)
        assert not set(read) & uids(study)
        assert [one["MainDicomTags"]["PatientID"] for one in site.get("/patients?expand")] == [
            case["pseudonym"]
        ]


def test_orthanc_at_the_reading_site_sends_back_a_segmentation_and_the_images(tmp_path: Path) -> None:
    """Orthanc pushes its whole study: the SEG and SR made there reach the sender, the images are dropped."""
    for name in ("stage", "site"):
        (tmp_path / name).mkdir()
    with (
        DemoSystems(tmp_path / "stage", FAST) as systems,
        orthanc(tmp_path / "site", gateway_port=systems.dicom_port) as site,
    ):
        (systems.config.parent / "nodes.yaml").write_text(
            "nodes:\n"
            f"  - {{name: hospital-pacs, kind: dimse, ae_title: HOSPITAL, host: {HOST}, port: {systems.hospital.port},"
            " roles: [sender, archive], site: hospital}\n"
            f"  - {{name: reading-site, kind: dicomweb, url: '{site.url}/dicom-web', roles: [reader], site: reading,"
            " reports_by: dicom}\n"
            f"  - {{name: reading-site-ae, kind: dimse, ae_title: {site.ae_title}, host: {HOST},"
            f" port: {site.dicom_port}, roles: [reader], site: reading}}\n"
        )
        rules = systems.config.parent / "rules" / "natalizumab.yaml"
        rules.write_text(f"{rules.read_text()}    replies_from: [reading-site-ae]\n")
        study = scan(systems)
        push(systems, study)
        client = systems.client()
        wait_for_case(systems, client, "FORWARDED")
        copies = [dcmread(BytesIO(site.file(one["ID"]))) for one in site.get("/instances?expand")]
        made = [replies.seg(copies), replies.sr(copies)]
        for dataset in made:
            requests.post(
                f"{site.url}/instances", data=replies.file_of(dataset), timeout=30
            ).raise_for_status()
        [stored] = site.get("/studies")
        sent = requests.post(f"{site.url}/modalities/gateway/store", json=[stored], timeout=60)
        sent.raise_for_status()
        wait_for_case(systems, client, "CONFIRMED")
        page = client.call("GET", "/api/cases/1")
        assert page["echoes"] == len(study)
        assert sorted(one["kind"] for one in page["replies"]) == ["Comprehensive SR", "Segmentation"]
        for dataset in made:
            [home] = systems.hospital.wait_for(len, SOPInstanceUID=str(dataset.SOPInstanceUID))
            assert home.header.PatientID == study[0].PatientID


def pacs_uid(instance: dict[str, dict[str, str]]) -> str:
    """The SOP Instance UID of an instance as Orthanc's REST interface shows it."""
    return instance["MainDicomTags"]["SOPInstanceUID"]
