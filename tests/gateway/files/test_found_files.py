"""Which files can be used, and of every other one why not: one bad file ends no command."""

from __future__ import annotations

import json
import os
import struct
import zlib
from pathlib import Path

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from gateway.errors import GatewayError
from gateway.files.found_files import NO_DICOM, NO_FILE, find_files
from support.command_line import Command, command
from support.engine import RULE
from support.nodes.peers import PretendPacs
from support.objects.dicom_files import encoded, mr_dataset

__all__ = ["command"]


def test_files_of_a_folder_are_found_and_others_passed_over(study: Path) -> None:
    """At any depth, in order of their names, without pixels; a text beside them is none."""
    found = find_files([study]).headers
    assert [file for file, _ in found] == sorted(file for file, _ in found)
    assert len(found) == len([path for path in study.rglob("*") if path.is_file()]) - 1
    assert not [file for file, header in found if "PixelData" in header]


def test_a_path_that_is_not_there_is_said(tmp_path: Path) -> None:
    """Before anything is sent or written."""
    with pytest.raises(GatewayError) as raised:
        find_files([tmp_path / "nowhere"])
    assert "nowhere" in raised.value.problem
    assert raised.value.fix


def _nested(depth: int, *, length: int = 0xFFFFFFFF) -> bytes:
    """An object with sequences in sequences."""
    whole = encoded(mr_dataset())
    opened = struct.pack("<HH2sHL", 0x0088, 0x0200, b"SQ", 0, length) + struct.pack(
        "<HHL", 0xFFFE, 0xE000, length
    )
    closed = struct.pack("<HHLHHL", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    at = whole.index(struct.pack("<HH", 0x7FE0, 0x0010))
    return whole[:at] + opened * depth + closed * depth + whole[at:]


def _bomb() -> bytes:
    """A few bytes that inflate to more than the test allows."""
    plain = mr_dataset()
    plain.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    whole = encoded(plain)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    meta = whole[: whole.index(b"1.2.840.10008.1.2.1.99") + 22]
    head = struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFF0)
    return (
        meta
        + packer.compress(head)
        + b"".join(packer.compress(bytes(1 << 24)) for _ in range(1))
        + packer.flush()
    )


BAD = {
    "cut": (lambda: encoded(mr_dataset())[:-20], "bytes are missing"),
    "cut in its meta": (lambda: encoded(mr_dataset())[:150], "ends inside"),
    "empty": (lambda: b"", NO_DICOM),
    "text": (lambda: b"GIF89a" * 40, NO_DICOM),
    "nested": (lambda: _nested(1500), "nested more than 64 deep"),
    "rubbish": (lambda: encoded(mr_dataset())[:400] + os.urandom(3000), ""),
    "bomb": (_bomb, "inflates to more than"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_file_gets_its_reason_and_the_others_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    """Whatever is wrong with it, before and behind it in the folder are files that can be read."""
    monkeypatch.setattr("dicom_nodes.encoding.walk._MOST_INFLATED", 8 << 20)
    make, reason = BAD[bad]
    for name in ("a", "c"):
        (tmp_path / name).write_bytes(encoded(mr_dataset()))
    (tmp_path / "b").write_bytes(make())
    found = find_files([tmp_path])
    assert [path.name for path, _ in found.headers] == ["a", "c"]
    [unused] = found.unused
    assert unused.path.name == "b"
    assert reason in unused.reason
    assert unused.is_damaged is (reason != NO_DICOM)


def test_what_is_no_file_gets_its_line_too(tmp_path: Path) -> None:
    """A link to nothing, a loop of links, a pipe: none is opened, which would wait for ever."""
    (tmp_path / "image").write_bytes(encoded(mr_dataset()))
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "nothing").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe")
    found = find_files([tmp_path])
    assert [path.name for path, _ in found.headers] == ["image"]
    assert {file.path.name: file.reason for file in found.unused} == dict.fromkeys(
        ("loop", "nothing", "pipe"), NO_FILE
    )


def test_a_name_that_is_no_text_stops_no_command(command: Command, tmp_path: Path) -> None:
    """It is told with an escape, in the manifest too; what was done is not lost."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / os.fsdecode(b"name\xff.dcm")).write_bytes(encoded(mr_dataset()))
    (folder / os.fsdecode(b"cut\xff.dcm")).write_bytes(encoded(mr_dataset())[:-20])
    code, said = command("deidentify", folder, tmp_path / "out", "--manifest", tmp_path / "manifest.json")
    assert code == 1
    assert "cut\\xff.dcm: The data end inside" in said
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert [row["source"].rsplit("/")[-1] for row in manifest["instances"]] == [
        "cut\\xff.dcm",
        "name\\xff.dcm",
    ]
    assert "cut\\xff.dcm" in command("classify", folder)[1]
    assert json.loads(command("classify", "--json", folder)[1])[0]["files"][0].endswith("name\\xff.dcm")


def test_a_folder_of_ten_thousand_other_things_is_looked_at(tmp_path: Path) -> None:
    """Each is told, none is opened further than its beginning."""
    for number in range(10_000):
        (tmp_path / f"{number}.txt").touch()
    (tmp_path / "image").write_bytes(encoded(mr_dataset()))
    found = find_files([tmp_path])
    assert len(found.headers) == 1
    assert {file.reason for file in found.unused} == {NO_DICOM}
    assert len(found.unused) == 10_000


def test_the_commands_go_on_past_a_bad_file(command: Command, study: Path, tmp_path: Path) -> None:
    """classify, rules explain, send and deidentify each use the rest, and name the file with its reason."""
    folder = tmp_path / "with bad"
    folder.mkdir()
    for file in study.rglob("*"):
        if file.is_file() and file.suffix != ".TXT":
            (folder / file.name).write_bytes(file.read_bytes())
    (folder / "0 bad.dcm").write_bytes(_nested(1500))
    images = len(list(folder.iterdir())) - 1
    told = "0 bad.dcm: Sequences are nested more than 64 deep."
    code, said = command("classify", folder)
    assert (code, told in said, "flair" in said) == (0, True, True)
    code, said = command("classify", "--json", folder)
    assert (code, '"unreadable"' in said, "nested more than 64 deep" in said) == (0, True, True)
    (tmp_path / "rules.yaml").write_text(RULE, encoding="utf-8")
    code, said = command("rules", "explain", folder, "--rules", tmp_path / "rules.yaml")
    assert (told in said, "Rule: " in said) == (True, True)
    said = command("rules", "explain", folder, "--rules", tmp_path / "rules.yaml", "--json")[1]
    assert [row["reason"] for row in json.loads(said)["unused"]] == [
        "Sequences are nested more than 64 deep."
    ]
    code, said = command("deidentify", folder, tmp_path / "out")
    assert (code, f"{images} written" in said, told in said) == (1, True, True)
    with PretendPacs() as pacs:
        (tmp_path / "nodes.yaml").write_text(
            f"nodes:\n  - {{name: pacs, ae_title: {pacs.node.ae_title}, host: 127.0.0.1, port: {pacs.node.port},"
            " roles: [archive], site: a}\n"
        )
        code, said = command("send", folder, "--to", "pacs")
        assert (code, f"{images} of {images} objects taken" in said, told in said) == (1, True, True)
        assert len(pacs.stored) == images
