"""What a process that died had acknowledged is found again, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from gateway.records.arrival import recovery
from gateway.records.arrival.open_folders import PLACES
from gateway.records.arrival.recovery import Recovered
from gateway.records.views import case_rows
from support.arrivals import die_without_rows, files_of, intake_in, rows_of, sent_object


def test_a_recovery_finds_what_was_acknowledged(folder: Path) -> None:
    """Three objects without a row get one, half an object goes, and a second recovery finds nothing to do."""
    die_without_rows(folder)
    with intake_in(folder) as intake:
        assert len(rows_of(intake)) == 1
        assert intake.recover() == Recovered(whole=4, cleared=PLACES - 4)
        rows = rows_of(intake)
        assert len(rows) == 4
        assert {row.blob for row in rows} == files_of(intake)
        sent = dict(map(sent_object, range(4)))
        assert all(intake.blobs.get(row.blob).endswith(sent[row.sop_instance_uid]) for row in rows)
        with intake.database.read() as session:
            study = case_rows.study(session, rows[0].study_id)
        assert (study.site, study.sender, study.calling_ae_title, study.received_by) == (
            "hospital",
            "hospital-pacs",
            "HOSPITAL",
            "c-store",
        )
        assert intake.recover() == Recovered()


def test_a_recovery_reads_only_what_has_no_row(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open folder of large objects that have their rows is settled without reading them."""
    die_without_rows(folder)
    read: list[str] = []
    with intake_in(folder) as intake:
        known = rows_of(intake)[0].blob
        real = recovery.read_back
        monkeypatch.setattr(recovery, "read_back", lambda path, key: (read.append(key), real(path, key))[1])
        assert intake.recover().whole == 4
    assert known not in read
    assert len(read) == PLACES - 1


@pytest.mark.parametrize("damage", ["cut", "changed", "longer"])
def test_a_file_that_was_not_synced_is_no_object(folder: Path, damage: str) -> None:
    """After power loss a file may have its mark but not all its bytes: it was never acknowledged, and goes."""
    die_without_rows(folder)
    with intake_in(folder) as intake:
        known = rows_of(intake)[0].blob
        victim = intake.blobs.path(next(key for key in sorted(files_of(intake)) if key != known))
        data = bytearray(victim.read_bytes())
        if damage == "changed":
            data[-1] ^= 1
        victim.write_bytes(data[:-1] if damage == "cut" else data + b"\0" * (damage == "longer"))
        assert intake.recover().whole == 3
        assert not victim.exists()
        assert len(rows_of(intake)) == 3


def test_a_recovery_without_a_database_clears_nothing_that_counts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails, the role is started again, and then every object is still there."""
    die_without_rows(folder)

    def away(name: str) -> None:
        raise OperationalError("", {}, Exception("away"))

    with intake_in(folder) as intake:
        with monkeypatch.context() as fault:
            fault.setattr(intake.database, "write", away)
            with pytest.raises(OperationalError):
                intake.recover()
        assert intake.recover().whole == 4
        assert len(rows_of(intake)) == 4
