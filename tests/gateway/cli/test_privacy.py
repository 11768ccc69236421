"""Commands on identities: the keys, forgetting a patient, readmitting."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.command_line import Command, command
from support.engine import bench
from support.patients import RULES, found_in, images, to_the_end, to_the_queue, traces

__all__ = ["command"]


def test_the_vault_rotates_and_tells_what_to_keep(command: Command, tmp_path: Path) -> None:
    """One command makes a new key and names the earlier one; reseal --retire removes it; status and check agree."""
    command("init", ".")
    with bench(
        tmp_path / "gateway-data", RULES, f"sqlite:///{tmp_path}/gateway-data/gateway.sqlite"
    ) as gateway:
        to_the_queue(gateway, images(2))
    assert command("vault", "status")[0] == 0  # takes away what the engine above has printed
    [first] = json.loads(command("vault", "status", "--json")[1])
    assert (first["is"], first["identities"]) == ("current", 1)
    code, said = command("vault", "rotate")
    assert code == 0
    assert "1 identities were sealed again" in said
    assert f"vault-{first['key']}.key" in said
    assert "backup" in said
    rows = json.loads(command("vault", "status", "--json")[1])
    assert [(row["is"], row["identities"]) for row in rows] == [("current", 1), ("earlier", 0)]
    assert command("vault", "reseal", "--retire")[0] == 0
    assert [path.name for path in (tmp_path / "gateway-data" / "keys").glob(f"*{first['key']}*")] == []
    assert command("check")[0] == 0
    keys = tmp_path / "gateway-data" / "keys"
    for path in keys.glob("vault*.key"):
        path.rename(tmp_path / path.name)
    code, said = command("init", ".")
    assert code == 1
    assert "gateway.sqlite rests on it" in said
    assert not (keys / "vault.key").exists()
    assert command("init", ".", "--new-keys")[0] == 0
    code, said = command("check")
    assert code == 1
    assert f"sealed with key {rows[0]['key']}" in said
    assert command("vault", "reseal")[0] == 1


class TestForgetting:
    """gateway forget and readmit."""

    @pytest.fixture
    def folder(self, command: Command, tmp_path: Path) -> Path:
        """A gateway with one case that is over."""
        command("init", ".")
        folder = tmp_path / "gateway-data"
        with bench(folder, RULES, f"sqlite:///{folder}/gateway.sqlite") as gateway:
            to_the_end(gateway, images(2))
        return folder

    def test_a_dry_run_and_a_no_change_nothing(
        self, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Both print numbers and the pseudonym, never the identity."""
        wanted = traces(images(2))
        code, said = command("forget", "--case", 1, "--dry-run")
        assert code == 0
        assert "PML-" in said
        assert not [one for one in wanted if one.decode() in said]
        monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
        assert command("forget", "--case", 1)[0] == 1
        assert found_in(folder, wanted) == wanted

    def test_a_patient_is_forgotten_by_number_from_the_standard_input(
        self, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing is left; what this gateway cannot reach is said; a second time there is nothing to do."""
        by_number = ("forget", "--site", "hospital", "--issuer", "QISS", "--patient-id", "-", "--yes")
        monkeypatch.setattr("sys.stdin", io.StringIO("nobody\n"))
        assert command(*by_number)[0] == 1
        monkeypatch.setattr("sys.stdin", io.StringIO("QX-777-31\n"))
        code, said = command(*by_number)
        assert code == 0, said
        assert "Backups still hold the patient" in said
        assert found_in(folder, traces(images(2))) == set()
        code, said = command("forget", "--case", 1, "--yes")
        assert code == 0
        assert "was forgotten on" in said
        assert "Forgotten; 0 files" in said
        assert command("cases", "show", 1)[0] == 0

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--site", "hospital", "--patient-id", "QX-777-31"],
            ["--patient-id", "-"],
            ["--case", 1, "--study", 1],
            [],
        ],
        ids=["number as argument", "no site", "two ways", "no way"],
    )
    def test_a_patient_is_named_in_one_safe_way(
        self, command: Command, folder: Path, arguments: list[object]
    ) -> None:
        """Wrong usage; above all a PatientID as an argument, which a shell would remember."""
        assert command("forget", *arguments, "--yes")[0] == 2
        assert found_in(folder, {b"QX-777-31"})

    def test_a_held_study_is_readmitted(self, command: Command, folder: Path) -> None:
        """Only one that is held for this; the command says that it goes on."""
        assert command("readmit", "--study", 1, "--why", "x")[0] == 1
        assert command("forget", "--study", 1, "--yes")[0] == 0
        with bench(folder, RULES, f"sqlite:///{folder}/gateway.sqlite") as gateway:
            again = gateway.keep(images(2), node="")
            gateway.run(70)
            assert "was forgotten" in gateway.study(again).problem
            code, said = command("readmit", "--study", again, "--why", "treated again")
            assert code == 0, said
            gateway.clock.time = datetime.now(UTC) + timedelta(minutes=1)  # the command has the real clock
            gateway.run()
            assert gateway.study(again).state == "MATCHED"
