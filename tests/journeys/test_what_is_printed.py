"""Whatever happens, and however much every library says: no identity and no original UID is in any output."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset

from gateway.demo.demo_systems import GATEWAY_AE, HOST, DemoSystems
from gateway.demo.errors import DemoError
from gateway.demo.push import push as push_files
from support.journeys import FAST, push, scan, sign, wait_for_case

pytestmark = pytest.mark.timeout(300)

EVERY_LOGGER_AT_DEBUG = """
import logging, os

def say(logger, record, handle=logging.Logger.handle):
    try:
        with open(os.environ["SAID"], "a", encoding="utf-8", errors="replace") as said:
            said.write(f"{record.name} {record.getMessage()}\\n")
    except Exception:
        pass
    handle(logger, record)

logging.Logger.isEnabledFor = lambda logger, level: True
logging.Logger.getEffectiveLevel = lambda logger: logging.DEBUG
logging.Logger.handle = say
"""
"""Imported by every process of Python before anything else: each logger makes all its records, the file `SAID` has
them as their libraries meant them, and the gateway's own configuration decides what is printed."""


@pytest.fixture
def said(tmp_path: Path) -> Path:
    """Where every record is written that any logger made."""
    return tmp_path / "said"


@pytest.fixture
def systems(tmp_path: Path, said: Path) -> Iterator[DemoSystems]:
    """Everything started, and all its libraries talk."""
    (tmp_path / "before").mkdir()
    (tmp_path / "before" / "sitecustomize.py").write_text(EVERY_LOGGER_AT_DEBUG)
    path = os.pathsep.join(filter(None, (str(tmp_path / "before"), os.environ.get("PYTHONPATH", ""))))
    loud = {"PYTHONPATH": path, "SAID": str(said), "GATEWAY_LOG__LEVEL": "DEBUG"}
    with DemoSystems(tmp_path, FAST | loud) as started:
        yield started


def identities(*studies: list[Dataset]) -> set[str]:
    """Everything in these headers that tells who the patient is or which object it was."""
    return {
        str(value)
        for study in studies
        for dataset in study
        for value in (
            dataset.PatientID,
            dataset.PatientBirthDate,
            str(dataset.PatientName).partition("^")[0],
            dataset.AccessionNumber,
            dataset.StudyInstanceUID,
            dataset.SeriesInstanceUID,
            dataset.SOPInstanceUID,
        )
        if str(value)
    }


def test_the_whole_loop_prints_no_identity(systems: DemoSystems, said: Path, tmp_path: Path) -> None:
    """Received, matched, prepared, forwarded late, looked at, signed at the third try, returned late; and refused."""
    systems.reading_site.stop()
    study = scan(systems)
    push(systems, study)
    client = systems.client()
    systems.wait(lambda: any(case["waiting_for"] for case in client.cases()), 60, "the case to wait")
    systems.reading_site.start()
    case = wait_for_case(systems, client, "FORWARDED")
    client.fetch(f"/cases/{case['id']}")
    client.call("POST", f"/api/cases/{case['id']}/claim")
    for wrong in ({"password": client.password, "form": {}}, {"password": "wrong", "form": {}}):
        with pytest.raises(DemoError):
            client.call("POST", f"/api/cases/{case['id']}/sign", wrong)
    systems.hospital.stop()
    sign(client, case["id"])
    systems.wait(lambda: client.cases()[0]["waiting_for"], 60, "the report to wait")
    systems.hospital.start()
    wait_for_case(systems, client, "CONFIRMED")
    with pytest.raises(DemoError):
        push_files(
            [systems.hospital.files()[0].path],
            HOST,
            systems.dicom_port,
            GATEWAY_AE,
            calling_ae_title="STRANGER",
        )
    systems.stop_gateway()
    wanted = identities(study)
    meant = said.read_text(encoding="utf-8", errors="replace")
    assert any(value in meant for value in wanted)  # libraries do say it
    printed = (tmp_path / "gateway.log").read_text(encoding="utf-8", errors="replace")
    assert "step done" in printed
    assert {value for value in wanted if value in printed} == set()
