"""Commands that speak to other systems."""

from __future__ import annotations

import json
from pathlib import Path

from pydicom import dcmread

from gateway.demo.hospital import HospitalArchive
from support.command_line import Command, command

__all__ = ["command"]


def test_nodes_answer_and_take_a_folder(command: Command, study: Path, tmp_path: Path) -> None:
    """nodes list, nodes echo and send, against a real archive."""
    command("init", ".")
    with HospitalArchive("HOSPITAL", "127.0.0.1", 0, tmp_path / "archive") as archive:
        (tmp_path / "nodes.yaml").write_text(
            "nodes:\n  - {name: pacs, kind: dimse, ae_title: HOSPITAL, host: 127.0.0.1,"
            f" port: {archive.port}, roles: [archive]}}\n"
        )
        assert json.loads(command("nodes", "list", "--json")[1])[0]["name"] == "pacs"
        assert command("nodes", "echo", "pacs")[0] == 0
        assert command("send", study, "--to", "pacs")[0] == 0
        assert len(archive.files()) == 24
    assert command("nodes", "echo", "pacs")[0] == 1


def test_nodes_of_both_kinds_are_listed_with_where_they_are(command: Command, tmp_path: Path) -> None:
    """A table for people and rows for scripts, with the same words."""
    (tmp_path / "nodes.yaml").write_text(
        "nodes:\n"
        "  - {name: pacs, kind: dimse, ae_title: PACS, host: pacs.lan, port: 104, roles: [archive, sender], site: n}\n"
        "  - {name: web, kind: dicomweb, url: 'https://read.example/dicom-web', roles: [reader]}\n"
    )
    rows = json.loads(command("nodes", "list", "--json")[1])
    assert [(row["name"], row["kind"], row["where"], row["roles"]) for row in rows] == [
        ("pacs", "dimse", "PACS@pacs.lan:104", "archive, sender"),
        ("web", "dicomweb", "https://read.example/dicom-web", "reader"),
    ]
    code, table = command("nodes", "list")
    assert code == 0
    assert all(row["where"] in table and row["site"] in table for row in rows)


def test_what_a_node_does_not_take_is_said(command: Command, study: Path, tmp_path: Path) -> None:
    """Exit status 1, how many were taken, and why the others were not; the others are sent all the same."""
    odd = dcmread(study / "0.dcm")
    # A private one that it does not know.
    odd.SOPClassUID = odd.file_meta.MediaStorageSOPClassUID = "1.2.840.113619.4.26"
    odd.save_as(study / "0.dcm", enforce_file_format=True)
    with HospitalArchive("HOSPITAL", "127.0.0.1", 0, tmp_path / "archive") as archive:
        (tmp_path / "nodes.yaml").write_text(
            "nodes:\n  - {name: pacs, kind: dimse, ae_title: HOSPITAL, host: 127.0.0.1,"
            f" port: {archive.port}, roles: [archive]}}\n"
        )
        code, said = command("send", study, "--to", "pacs")
        assert (code, len(archive.files())) == (1, 23)
    assert "23 of 24 objects taken by pacs." in said
    assert "refused" in said.lower()


def test_nodes_with_several_addresses_are_listed_and_checked(command: Command, tmp_path: Path) -> None:
    """The list says what is where; check names a node whose Success is taken for enough, as no fault."""
    command("init", ".")
    (tmp_path / "nodes.yaml").write_text(
        "nodes:\n  - {name: pacs, ae_title: BIG, host: a, port: 104, roles: [archive], confirms_by: store,"
        " query: {ae_title: BIG_QR, port: 105}}\n"
    )
    [row] = json.loads(command("nodes", "list", "--json")[1])
    assert row["where"] == "store+commitment BIG@a:104, query BIG_QR@a:105"
    told = json.loads(command("check", "--json")[1])
    [about] = [problem for problem in told if "its Success is taken for safe" in problem["problem"]]
    assert (about["severe"], "pacs" in about["problem"]) == (False, True)
