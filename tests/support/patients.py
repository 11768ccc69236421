"""A patient whose every trace can be looked for: bytes of the identity in files, rows and database files."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydicom import Dataset
from sqlalchemy import select

from gateway.lifecycle import CaseState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.tables.cases import Case
from gateway.records.tables.columns import METADATA
from gateway.reporting.example import phantom_report
from support.engine import Bench, scans
from support.records import LEASE, reader

RULES = """
rules:
  - id: by-address
    title: Sent to the address for natalizumab
    when: {called_ae_title: {is: NATALIZUMAB}}
    completion: {quiet_s: 60, hard_cap_s: 61}
"""
WHO = {
    "PatientID": "QX-777-31",
    "IssuerOfPatientID": "QISS",
    "PatientName": "Zzyzx^Quirin",
    "PatientBirthDate": "19610407",
    "AccessionNumber": "ACC-90210-Q",
    "StudyDescription": "MRT Zzyzx Natalizumab",
}
UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")


def images(count: int = 3, suffix: str = "", **changes: str) -> list[Dataset]:
    """A short study of the patient; `suffix` makes it another study."""
    found = scans(**{**WHO, **changes})[:count]
    for dataset in found:
        for keyword in UIDS:
            if suffix and keyword in dataset:
                setattr(dataset, keyword, f"{getattr(dataset, keyword)}{suffix}")
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return found


def traces(study: Iterable[Dataset]) -> set[bytes]:
    """What must not be found any more: identifiers and original UIDs."""
    found = {"Zzyzx", *(WHO[key] for key in ("PatientID", "PatientBirthDate", "AccessionNumber"))}
    for dataset in study:
        found |= {str(dataset[keyword].value) for keyword in UIDS if keyword in dataset}
    return {value.encode() for value in found}


def found_in(place: Path, wanted: Iterable[bytes]) -> set[bytes]:
    """Which of these bytes are in any file below a folder, hidden files and write-ahead logs included."""
    gc.collect()  # a connection that nobody uses any more closes now: the last one moves the log into the database
    while True:
        files = [path for path in place.rglob("*") if path.is_file() and path.parent.name != "keys"]
        try:
            contents = [path.read_bytes() for path in files] + ["\n".join(map(str, files)).encode()]
        except FileNotFoundError:  # what was in it is in another file now, perhaps one that was read already
            continue
        break
    return {value for value in wanted if any(value in content for content in contents)}


def found_in_rows(database: Database, wanted: Iterable[bytes]) -> set[bytes]:
    """Which of these are in any row of any table."""
    with database.engine.connect() as connection:
        rows = [
            str(tuple(row)) for table in METADATA.sorted_tables for row in connection.execute(select(table))
        ]
    return {value for value in wanted if any(value.decode() in row for row in rows)}


def to_the_queue(bench: Bench, study: list[Dataset], node: str = "") -> int:
    """A received study goes as far as the reading queue; returns the case's number."""
    study_id = bench.keep(study, node=node)
    bench.run(70)
    with bench.context.database.read() as session:
        [case] = [case for case in session.scalars(select(Case)) if case.study_id == study_id]
    assert (case.state, case.problem) == (CaseState.FORWARDED, "")
    return case.id or 0


def to_the_end(bench: Bench, study: list[Dataset], login: str = "ana") -> int:
    """An uploaded study goes through to CONFIRMED, with a draft on the way; returns the case's number."""
    case_id = to_the_queue(bench, study)
    sign(bench, case_id, login)
    bench.run(1)
    with bench.context.database.read() as session:
        assert session.get_one(Case, case_id).state == CaseState.CONFIRMED
    return case_id


def sign(bench: Bench, case_id: int, login: str = "ana") -> None:
    """Claim, save a draft that names the patient, and sign."""
    database = bench.context.database
    account = reader(database, login)
    ledger.claim_case(database, case_id, account, LEASE)
    ledger.save_draft(database, case_id, account, {"conclusion": "Zzyzx again"}, 0, LEASE)
    ledger.sign_report(
        database, case_id, account, phantom_report(prior_study_date=None).model_dump(mode="json")
    )


def files_of_postgresql(database: Database) -> Iterator[Path]:
    """The files of tables of this database on the server's disk; the server must be on this machine."""
    from sqlalchemy import text

    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT"))
        folder = connection.execute(text("SHOW data_directory")).scalar_one()
        number = connection.execute(
            text("SELECT oid FROM pg_database WHERE datname = current_database()")
        ).scalar_one()
    yield Path(folder) / "base" / str(number)
