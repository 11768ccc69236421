"""Commands on files: classify, deidentify, rules explain, report render."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pydicom import dcmread

from gateway.faces.cut import Faces
from gateway.reporting.example import phantom_report
from support.command_line import Command, command

__all__ = ["command"]


def test_classify_and_rules_explain_a_study(command: Command, study: Path) -> None:
    """The series kinds as JSON, and for each rule why it fired or not; the rules' own tests pass."""
    command("init", ".")
    rows = json.loads(command("classify", study, "--json")[1])
    assert {row["kind"] for row in rows} >= {"flair", "t2", "t1", "t1_contrast", "adc", "swi"}
    assert all(row["files"] and row["evidence"] for row in rows)
    contrast = {row["kind"]: row["contrast"] for row in rows}
    assert (contrast["t1_contrast"], contrast["t1"]) == (True, False)
    [flair] = [row for row in rows if row["kind"] == "flair"]
    assert flair["coverage"]["brain"] == "part"
    assert [one["covered_mm"] for one in flair["coverage"]["extents"]] == [201.0, 201.0, 4.5]
    told = command("classify", study)[1]
    assert "not given" in told
    assert "part of the brain" in told
    code, explained = command("rules", "explain", study)
    assert code == 0
    assert "natalizumab" in explained
    assert command("rules", "check", "rules")[0] == 0
    assert command("rules", "test", "rules")[0] == 0


def test_commands_go_past_whatever_else_lies_in_a_folder(
    command: Command, study: Path, tmp_path: Path
) -> None:
    """A cut file, names that are no text and hundreds of other things: each has its reason, and the rest is told."""
    command("init", ".")
    folder = tmp_path / "mixed"
    folder.mkdir()
    whole = (study / "0.dcm").read_bytes()
    (folder / "whole.dcm").write_bytes(whole)
    (folder / "cut.dcm").write_bytes(whole[: len(whole) // 2])
    (folder / os.fsdecode(b"caf\xe9.dcm")).write_bytes(b"no picture")
    for number in range(300):
        (folder / f"{number}.txt").write_text("a letter", encoding="utf-8")
    rows = json.loads(command("classify", folder, "--json")[1])
    reasons = {file: row["reason"] for row in rows if row.get("reason") for file in row["files"]}
    assert len(reasons) == 302
    assert all(reasons.values())
    assert "missing" in reasons[str(folder / "cut.dcm")]
    unused = json.loads(command("rules", "explain", folder, "--json")[1])["unused"]
    assert {file for row in unused for file in row["files"]} == reasons.keys()
    code, told = command("classify", folder)
    assert code == 0
    assert "--json lists all" in told
    code, told = command("deidentify", folder, tmp_path / "out", "--manifest", tmp_path / "manifest.json")
    assert code == 1
    assert "1 written, 0 held, 2 failed, 300 passed over" in told


def test_classify_uses_the_vendor_facts_of_the_site(command: Command, study: Path, tmp_path: Path) -> None:
    """Those beside the rules in force, or of a folder that is named; a mistake in them is told with its line."""
    image = dcmread(study / "0.dcm")
    image.ImageType = ["DERIVED", "PRIMARY", "OURADC"]
    image.save_as(tmp_path / "one.dcm")
    assert json.loads(command("classify", tmp_path / "one.dcm", "--json")[1])[0]["kind"] != "adc"
    command("init", ".")
    facts = tmp_path / "rules" / "vendor_facts.yaml"
    facts.write_text("image_types: {adc: [OURADC]}\n")
    for more in ((), ("--config", "gateway.toml"), ("--rules", "rules")):
        rows = json.loads(command("classify", tmp_path / "one.dcm", "--json", *more)[1])
        assert rows[0]["kind"] == "adc", more
    facts.write_text("image_types: {nonsense: [OURADC]}\n")
    code, said = command("classify", tmp_path / "one.dcm")
    assert code == 1
    assert "vendor_facts.yaml" in said
    assert command("classify", tmp_path / "one.dcm", "--rules", "nowhere")[0] == 1


def test_deidentify_writes_copies_and_a_manifest(command: Command, study: Path, tmp_path: Path) -> None:
    """Every image has a copy without the patient; what cannot leave is held, named, and the status says so."""
    command("init", ".")
    key = tmp_path / "gateway-data" / "keys" / "pseudonym.key"
    wanted = (
        "deidentify",
        study,
        tmp_path / "out",
        "--key-file",
        key,
        "--manifest",
        tmp_path / "manifest.json",
    )
    assert command(*wanted)[0] == 0
    copies = [dcmread(path) for path in (tmp_path / "out").iterdir()]
    assert len(copies) == 24
    assert {str(copy.PatientIdentityRemoved) for copy in copies} == {"YES"}
    capture = dcmread(study / "0.dcm")
    capture.SOPClassUID = capture.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    capture.save_as(study / "0.dcm")
    assert command(*wanted)[0] == 1
    held = [
        row for row in json.loads((tmp_path / "manifest.json").read_text())["instances"] if not row["output"]
    ]
    assert [row["source"] for row in held] == [str(study / "0.dcm")]
    assert held[0]["reason"]
    assert command(*wanted, "--allow-held")[0] == 0


def test_deidentify_needs_no_gateway_and_says_that_its_key_is_its_own(command: Command, study: Path) -> None:
    """Without a configuration, a key or a database: it works, warns, and leaves no records behind."""
    code, said = command("deidentify", study, "copies")
    assert code == 0, said
    assert "24 written, 0 held, 0 failed, 0 passed over." in said
    assert "key of its own" in said
    assert not list(Path.cwd().rglob("*.sqlite"))


@pytest.mark.parametrize(
    ("words", "mode"),
    [
        ((), "keep"),
        (("--faces", "deface"), "deface"),
        (("--site", "north"), "deface"),
        (("--site", "north", "--faces", "keep"), "keep"),
    ],
)
def test_deidentify_does_with_faces_what_the_site_or_the_option_says(
    command: Command, study: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], mode: str
) -> None:
    """The option comes before the setting, and the manifest says what was done."""
    monkeypatch.setenv("GATEWAY_FILES__DEFACE_SITES", "north")
    monkeypatch.setattr("gateway.faces.study.faces_of", lambda *_args: Faces({}, {}))
    command("deidentify", study, "copies", "--manifest", "m.json", "--allow-held", *words)
    assert json.loads(Path("m.json").read_text("utf-8"))["faces"]["mode"] == mode


def test_deidentify_takes_a_profile_of_the_site(command: Command, study: Path, tmp_path: Path) -> None:
    """By its name in the folder of profiles, or as a file; a wrong one is refused before anything is written."""
    command("init", ".")
    for number, name in enumerate(("no-sex", tmp_path / "profiles" / "no-sex.yaml")):
        code, said = command(
            "deidentify", study, f"out{number}", "--profile", name, "--manifest", f"{number}.json"
        )
        assert code == 0, said
        assert json.loads((tmp_path / f"{number}.json").read_text())["profile"] == "no-sex"
        assert {dcmread(path).PatientSex for path in (tmp_path / f"out{number}").iterdir()} == {""}
    wrong = tmp_path / "profiles" / "wrong.yaml"
    wrong.write_text(
        "name: wrong\nextends: pml-read\nversion: '1'\nrules: {PatientID: {action: K, reason: we like it}}\n"
    )
    code, said = command("deidentify", study, "none", "--profile", "wrong")
    assert code == 1
    assert "wrong.yaml:4: rules.PatientID: would keep a direct identifier (found K)" in said
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("form", ["enhanced", "comprehensive", "basic", "pdf"])
def test_a_report_is_rendered_in_each_form(command: Command, study: Path, tmp_path: Path, form: str) -> None:
    """The DICOM object carries the study it was read from."""
    (tmp_path / "report.json").write_text(phantom_report(prior_study_date=None).model_dump_json())
    target = tmp_path / "report.dcm"
    code, said = command(
        "report", "render", "report.json", "--evidence", study, "--out", target, "--as", form
    )
    assert code == 0, said
    assert dcmread(target).StudyInstanceUID == dcmread(study / "0.dcm").StudyInstanceUID
