"""`gateway surveillance`: a list is enrolled where the keys are; what is printed names no patient."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.command_line import Command, command
from support.patients import found_in

__all__ = ["command"]

LIST = "patient_id;issuer;label;jcv;last_mri\nQX-777-31;QISS;r1;neg;2026-01-05\nP2;;r2;;\nP3;;r3;perhaps;\n"


@pytest.fixture
def gateway(command: Command, tmp_path: Path) -> Command:
    """A fresh gateway, and a list in its folder."""
    assert command("init", ".")[0] == 0
    nodes = "nodes:\n  - {name: pacs, kind: dimse, ae_title: A, host: h, port: 104, roles: [sender], site: north}\n"
    (tmp_path / "nodes.yaml").write_text(nodes)
    (tmp_path / "list.csv").write_text(LIST)
    return command


def test_good_lines_are_enrolled_and_bad_ones_told(gateway: Command, tmp_path: Path) -> None:
    """Exit status 1 while a line is wrong; a second import changes nobody, and no file holds an identifier."""
    code, said = gateway("surveillance", "import", "list.csv", "--site", "north")
    assert code == 1
    assert "2 enrolled, 0 known before and brought up to date, 0 held." in said
    assert "line 4, jcv_status" in said
    assert "QX-777" not in said
    (tmp_path / "list.csv").write_text(LIST.replace("perhaps", "pos"))
    code, said = gateway("surveillance", "import", "list.csv", "--site", "north")
    assert (code, "1 enrolled, 2 known before and brought up to date" in said) == (0, True)
    (tmp_path / "list.csv").unlink()
    assert found_in(tmp_path, {b"QX-777-31", b"QISS"}) == set()


def test_the_list_shows_labels_and_reasons(gateway: Command) -> None:
    """As a table, and as JSON for scripts."""
    gateway("surveillance", "import", "list.csv", "--site", "north")
    code, said = gateway("surveillance", "list", "--json")
    assert code == 0
    rows = {row["label"]: row for row in json.loads(said)}
    assert rows["r1"]["due by"] == "2026-05-05"
    assert "Rule NTZ-HIGH" in rows["r1"]["why"]
    assert "the day of the negative antibody test is not known" in rows["r1"]["why"]
    assert "Was the MRI of 2026-01-05 a full one?" in rows["r1"]["asked"]
    assert rows["r1"]["guideline"] == "None declared: the earliest of all rules"
    assert rows["r2"]["state"] == "unknown_data"
    assert rows["r1"]["pseudonym"].startswith("PML-")
    assert "r1" in gateway("surveillance", "list")[1]
    assert "r1" not in gateway("surveillance", "list", "--site", "south")[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list.csv", "--site", "nroth"], "one of: north"),
        (["nothing.csv", "--site", "north"], "Name a CSV file"),
    ],
)
def test_what_cannot_be_imported_is_told(gateway: Command, arguments: list[str], words: str) -> None:
    """A site that nobody has, and a file that is not there; nobody is enrolled."""
    code, said = gateway("surveillance", "import", *arguments)
    assert (code, words in said) == (1, True)
    assert json.loads(gateway("surveillance", "list", "--json")[1]) == []
