"""Commands that speak to other systems."""

from __future__ import annotations

import json
from pathlib import Path

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
