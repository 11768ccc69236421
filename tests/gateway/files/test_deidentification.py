"""`gateway deidentify`: every file is written, held, failed or passed over, and the manifest says which and why."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from gateway.demo.phantom import phantom_study
from gateway.errors import GatewayError
from gateway.faces.cut import Faces
from gateway.faces.missing import LibrariesMissing
from gateway.faces.study import faces_of
from gateway.files.deidentification import FolderResult, FolderRun, files_of
from gateway.identity.numbers import subject
from gateway.pipeline.steps.manifest import verify
from gateway.privacy.profile.profile import load_profile
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.privacy.schemes import Scheme
from support.objects.heads import AXIAL, head_series, true_brain, true_head
from support.objects.held_objects import screen_capture, zip_report

KEY = PseudonymKey(b"k" * 32, "test")


@pytest.fixture(scope="module")
def datasets() -> list[Dataset]:
    """A small phantom study."""
    return list(phantom_study(date(2026, 2, 2), small=True))[:6]


@pytest.fixture
def source(tmp_path: Path, datasets: list[Dataset]) -> Path:
    """The study as files named after the patient, as people do."""
    folder = tmp_path / "Musterfrau"
    folder.mkdir()
    for number, dataset in enumerate(datasets):
        dataset.save_as(folder / f"kaethe-{number}.dcm", enforce_file_format=True)
    return folder


def run(source: Path, target: Path, key: PseudonymKey = KEY) -> FolderResult:
    """The whole run."""
    return FolderRun(target, load_profile(), key, tick=lambda: None).run(files_of(source, target))


def rows(result: FolderResult) -> dict[str, dict[str, Any]]:
    """The instances of the manifest by the name of the source."""
    manifest = result.manifest(load_profile(), KEY)
    return {Path(row["source"]).name: row for row in json.loads(json.dumps(manifest))["instances"]}


def test_the_manifest_has_the_agreed_shape_and_verifies(source: Path, tmp_path: Path) -> None:
    """profile, and for each instance source, output, reason and actions; nothing of a source's name in an output."""
    result = run(source, tmp_path / "out")
    manifest = result.manifest(load_profile(), KEY)
    assert manifest["profile"] == "pml-read"
    assert verify(manifest)
    for row in manifest["instances"]:
        assert set(row) == {"source", "output", "reason", "actions"}
        assert row["reason"] is None
        assert row["actions"]["PatientName: pseudonym"] == 1
        assert "kaethe" not in row["output"]
        assert dcmread(row["output"]).PatientIdentityRemoved == "YES"
    assert (manifest["leak_gate"]["files"], manifest["leak_gate"]["hits"]) == (6, 0)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        Path(row["output"]).name for row in manifest["instances"]
    )


@pytest.mark.parametrize("scheme", Scheme)
def test_the_scheme_is_chosen_to_meet_copies_of_before(
    source: Path, tmp_path: Path, datasets: list[Dataset], scheme: Scheme
) -> None:
    """Names of files, UIDs and pseudonym are those that a gateway of the scheme derives; a placeholder is no number."""
    files, none = files_of(source, tmp_path / "out"), (str(datasets[0].PatientID),)
    found = {}
    for folder, no_patient_ids in (("numbered", ()), ("alone", none)):
        FolderRun(
            tmp_path / folder,
            load_profile(),
            KEY,
            site="north",
            scheme=scheme,
            no_patient_ids=no_patient_ids,
            tick=lambda: None,
        ).run(files)
        found[folder] = {path.name: dcmread(path).PatientID for path in (tmp_path / folder).iterdir()}
    derived, uid = KEY.of("north", scheme), str(datasets[0].StudyInstanceUID)
    names = {f"{derived.uid(str(dataset.SOPInstanceUID))}.dcm" for dataset in datasets}
    whose = subject(str(datasets[0].get("IssuerOfPatientID") or ""), none[0], uid)
    assert found["numbered"] == dict.fromkeys(names, derived.pseudonym(whose))
    alone = subject(whose.issuer, none[0], uid, none)
    assert found["alone"] == dict.fromkeys(names, derived.pseudonym(alone))
    assert (derived.pseudonym(alone) == derived.pseudonym(whose)) is (scheme is Scheme.FIRST)


def test_the_same_key_gives_the_same_files(source: Path, tmp_path: Path) -> None:
    """Byte for byte; another key gives other names."""
    run(source, tmp_path / "a")
    run(source, tmp_path / "b")
    run(source, tmp_path / "c", PseudonymKey(b"o" * 32, "other"))
    first = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    assert not first.keys() & {path.name for path in (tmp_path / "c").iterdir()}


def test_no_file_is_passed_over_in_silence(source: Path, tmp_path: Path, datasets: list[Dataset]) -> None:
    """Held, damaged, cut short, empty, foreign, DICOMDIR, text: each is in the manifest with its reason."""
    screen_capture(datasets[0]).save_as(source / "capture.dcm", enforce_file_format=True)
    zip_report(datasets[0]).save_as(source / "report.dcm", enforce_file_format=True)
    whole = (source / "kaethe-0.dcm").read_bytes()
    (source / "cut.dcm").write_bytes(whole[:-1000])
    (source / "damaged.dcm").write_bytes(b"\xff" * 5000)
    (source / "empty").write_bytes(b"")
    (source / "readme.txt").write_text("for Musterfrau")
    directory = Dataset()
    directory.file_meta = dcmread(source / "kaethe-0.dcm").file_meta
    directory.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    directory.save_as(source / "DICOMDIR", enforce_file_format=True)
    result = run(source, tmp_path / "out")
    found = rows(result)
    assert (result.written, result.held, result.failed) == (6, 2, 3)
    assert {name for name, row in found.items() if row["output"] is None} == {
        "capture.dcm",
        "report.dcm",
        "cut.dcm",
        "damaged.dcm",
        "empty",
    }
    assert all(row["reason"] for row in found.values() if row["output"] is None)
    assert {file.name for file in result.passed_over} == {"readme.txt", "DICOMDIR"}
    assert len(list((tmp_path / "out").iterdir())) == 6


def test_two_inputs_with_one_uid_do_not_overwrite_each_other(source: Path, tmp_path: Path) -> None:
    """Word for word the same: one file for both. Other content: the second failed, and says why."""
    (source / "later-same.dcm").write_bytes((source / "kaethe-0.dcm").read_bytes())
    other = dcmread(source / "kaethe-0.dcm")
    other.Rows, other.PixelData = other.Rows - 1, other.PixelData[: -2 * other.Columns]
    other.save_as(source / "later-other.dcm")
    result = run(source, tmp_path / "out")
    found = rows(result)
    assert found["later-same.dcm"]["output"] == found["kaethe-0.dcm"]["output"]
    assert found["later-other.dcm"]["output"] is None
    assert "same SOP Instance UID" in found["later-other.dcm"]["reason"]
    assert (result.written, result.failed) == (7, 1)
    assert dcmread(found["kaethe-0.dcm"]["output"]).Rows == other.Rows + 1


def test_a_leak_is_held_with_attribute_and_offset(source: Path, tmp_path: Path) -> None:
    """The name in the pixel bytes of one image: searched for with the values of the whole study."""
    image = dcmread(source / "kaethe-3.dcm")
    image.PixelData = b"Musterfrau" + image.PixelData[10:]
    image.PatientName = ""
    image.save_as(source / "kaethe-3.dcm")
    result = run(source, tmp_path / "out")
    reason = rows(result)["kaethe-3.dcm"]["reason"]
    assert "PixelData at byte" in reason
    assert "usterfrau" not in reason
    assert (result.held, result.hits) == (1, 1)


def test_a_file_without_preamble_is_read(source: Path, tmp_path: Path) -> None:
    """Old archives have data sets without preamble and file meta information."""
    dataset = dcmread(source / "kaethe-1.dcm")
    stream = DicomBytesIO()
    stream.is_little_endian, stream.is_implicit_VR = True, False
    del dataset.file_meta
    write_dataset(stream, dataset)
    (source / "kaethe-1.dcm").write_bytes(stream.getvalue())
    result = run(source, tmp_path / "out")
    assert rows(result)["kaethe-1.dcm"]["output"]
    (source / "kaethe-1.dcm").write_bytes(stream.getvalue()[:-500])
    assert rows(run(source, tmp_path / "out"))["kaethe-1.dcm"]["output"] is None


def test_one_file_is_an_input_too(source: Path, tmp_path: Path) -> None:
    """A single file gives a single copy."""
    assert run(source / "kaethe-2.dcm", tmp_path / "out").written == 1


@pytest.mark.parametrize("target", [".", "..", "out"])
def test_originals_and_copies_are_kept_apart(source: Path, target: str) -> None:
    """An output folder that is, holds or lies in the input is refused before anything is written."""
    with pytest.raises(GatewayError, match="contain one another"):
        files_of(source, source / target)
    with pytest.raises(GatewayError, match="There is no"):
        files_of(source / "nothing", source.parent / "elsewhere")


def test_every_file_ticks_twice(source: Path, tmp_path: Path) -> None:
    """The progress bar reaches its end, also over files that are no objects."""
    (source / "readme.txt").write_text("text")
    files = files_of(source, tmp_path / "out")
    ticks: list[int] = []
    FolderRun(tmp_path / "out", load_profile(), KEY, tick=lambda: ticks.append(1)).run(files)
    assert len(ticks) == 2 * len(files)


def test_faces_go_where_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies say so, the manifest too, and an object whose face cannot go is held; a file cut short fails as ever."""
    folder = tmp_path / "heads"
    folder.mkdir()
    for number, ds in enumerate(head_series(AXIAL, number=2, gap=6.0)):
        ds.save_as(folder / f"{number:02}.dcm", enforce_file_format=True)
    nowhere = head_series(AXIAL, number=3, frame="2.25.9", only=slice(20, 21))[0]
    nowhere.save_as(folder / "nowhere.dcm", enforce_file_format=True)
    cut = (folder / "30.dcm").read_bytes()
    (folder / "cut.dcm").write_bytes(cut[: len(cut) // 2])
    monkeypatch.setattr("gateway.faces.study.faces_of", seen)
    result = FolderRun(tmp_path / "out", load_profile(), KEY, deface=True, tick=lambda: None).run(
        files_of(folder, tmp_path / "out")
    )
    found = rows(result)
    assert "no series of its frame of reference shows a whole head" in found["nowhere.dcm"]["reason"]
    assert found["cut.dcm"]["output"] is None
    made = [row for row in found.values() if row["output"]]
    assert len(made) == 42
    assert sum("PixelData: face taken out" in row["actions"] for row in made) > 10
    assert all(dcmread(row["output"]).RecognizableVisualFeatures == "NO" for row in made)
    manifest = result.manifest(load_profile(), KEY)
    assert (manifest["faces"]["mode"], manifest["faces"]["brains_ml"]) == (
        "deface",
        [pytest.approx(1461, abs=9)],
    )


def seen(*args: Any) -> Faces:
    """What the real one finds, but for the brain, which is the drawn one."""
    return faces_of(*args, lambda _volume: (true_brain(), true_head()))


def test_a_run_that_cannot_take_faces_out_writes_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what to install."""
    monkeypatch.setattr("gateway.faces.missing.find_spec", lambda _name: None)
    with pytest.raises(LibrariesMissing, match="brainextractor"):
        FolderRun(tmp_path / "out", load_profile(), KEY, deface=True, tick=lambda: None).run(
            files_of(source, tmp_path / "out")
        )
    assert not (tmp_path / "out").exists()
