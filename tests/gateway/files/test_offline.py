"""What commands do with files, without a running gateway: find, send, classify, explain, render."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydicom import dcmread

from gateway.errors import GatewayError
from gateway.files import offline
from gateway.files.found_files import find_files
from gateway.reporting.example import phantom_report
from support.objects.dicom_files import encoded, mr_dataset


def test_what_is_sent_is_named_as_the_file_names_it(tmp_path: Path) -> None:
    """Class, instance and the syntax it is encoded in; a DICOM file that is no object is not sent."""
    (tmp_path / "image.dcm").write_bytes(encoded(mr_dataset()))
    nameless = mr_dataset(2)
    del nameless.SOPInstanceUID
    nameless.save_as(tmp_path / "nameless.dcm")
    found = find_files([tmp_path])
    [one] = offline.outgoing(found)
    assert [file.path.name for file in found.damaged] == ["nameless.dcm"]
    written = dcmread(tmp_path / "image.dcm")
    assert one.path == tmp_path / "image.dcm"
    assert (one.sop_class_uid, one.sop_instance_uid, one.transfer_syntax_uid) == (
        written.SOPClassUID,
        written.SOPInstanceUID,
        written.file_meta.TransferSyntaxUID,
    )


def test_a_series_is_one_row_with_all_its_files(study: Path) -> None:
    """Every file of the study stands in exactly one row, with the kind and why."""
    rows = offline.classified(find_files([study]))
    files = [file for row in rows for file in row["files"]]
    assert sorted(files) == sorted(str(file) for file, _ in find_files([study]).headers)
    assert {row["kind"] for row in rows} >= {"flair", "t2", "t1"}
    assert all(row["evidence"] and 0 < row["confidence"] <= 1 for row in rows)
    json.dumps(rows)


def test_a_row_tells_what_speaks_against_its_kind_and_what_contrast_rests_on(tmp_path: Path) -> None:
    """A T1 that says DERIVED without a word how, and whose agent an anonymiser took away."""
    ds = mr_dataset()
    ds.ScanningSequence, ds.RepetitionTime, ds.EchoTime = "SE", 550, 9
    ds.ImageType, ds.ContrastBolusAgent = ["DERIVED", "PRIMARY", "M"], "REMOVED"
    (tmp_path / "t1.dcm").write_bytes(encoded(ds))
    (row,) = offline.classified(find_files([tmp_path]))
    assert (row["kind"], row["contrast"]) == ("t1", None)
    assert row["caveats"] == [
        "ImageType says DERIVED, and nothing says what was done",
        "ContrastBolusAgent says nothing that is understood",
    ]
    assert row["contrast_why"] == "ContrastBolusAgent says nothing that is understood"


def test_rules_see_the_files_as_if_they_had_been_sent(study: Path) -> None:
    """By whom and to which address is taken from the question, the rest from the files."""
    facts = offline.facts_of(find_files([study]), "MODALITY", "NATALIZUMAB")
    assert (facts.calling_ae_title, facts.called_ae_title) == ("MODALITY", "NATALIZUMAB")
    assert "MR" in facts.modalities


def test_rules_are_not_explained_on_nothing(tmp_path: Path) -> None:
    """A folder without DICOM files is no study that no rule fits."""
    (tmp_path / "README.TXT").write_text("nothing here")
    with pytest.raises(GatewayError, match="no DICOM file"):
        offline.facts_of(find_files([tmp_path]), "A", "B")


@pytest.mark.parametrize(
    ("form", "sop_class"),
    [
        ("enhanced", "1.2.840.10008.5.1.4.1.1.88.22"),
        ("comprehensive", "1.2.840.10008.5.1.4.1.1.88.33"),
        ("basic", "1.2.840.10008.5.1.4.1.1.88.11"),
        ("pdf", "1.2.840.10008.5.1.4.1.1.104.1"),
    ],
)
def test_a_report_is_written_in_the_class_that_is_asked_for(
    study: Path, tmp_path: Path, form: str, sop_class: str
) -> None:
    """PS3.4 B.5; with patient and study of the evidence, and a UID of its own."""
    (tmp_path / "report.json").write_text(phantom_report(prior_study_date=None).model_dump_json())
    offline.render_report(tmp_path / "report.json", study, tmp_path / "out.dcm", form)
    written, image = dcmread(tmp_path / "out.dcm"), next(iter(find_files([study]).headers))[1]
    assert written.SOPClassUID == written.file_meta.MediaStorageSOPClassUID == sop_class
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID"):
        assert written[keyword].value == image[keyword].value
    assert written.SOPInstanceUID != image.SOPInstanceUID


@pytest.mark.parametrize("form", ["enhanced", "comprehensive", "basic", "pdf"])
def test_a_report_that_is_rendered_is_signed_by_nobody(
    study: Path, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signature is made in the gateway; whoever types a command is not named as a reader."""
    monkeypatch.setenv("USER", "zzyzx")
    (tmp_path / "report.json").write_text(phantom_report(prior_study_date=None).model_dump_json())
    offline.render_report(tmp_path / "report.json", study, tmp_path / "out.dcm", form)
    written = dcmread(tmp_path / "out.dcm")
    assert written.VerificationFlag == "UNVERIFIED"
    assert form == "pdf" or (written.CompletionFlag, written.PreliminaryFlag) == ("PARTIAL", "PRELIMINARY")
    assert b"zzyzx" not in (tmp_path / "out.dcm").read_bytes()


@pytest.mark.parametrize("content", ["{}", "{", "[1]", "\xff"])
def test_a_report_that_is_none_is_refused_before_anything_is_written(
    study: Path, tmp_path: Path, content: str
) -> None:
    """A JSON file of something else, or no JSON at all."""
    (tmp_path / "report.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(GatewayError, match="is no report") as raised:
        offline.render_report(tmp_path / "report.json", study, tmp_path / "out.dcm", "basic")
    assert raised.value.fix
    assert not (tmp_path / "out.dcm").exists()


def test_what_a_wrong_report_says_is_not_repeated(study: Path, tmp_path: Path) -> None:
    """Only which part of it is wrong, and why."""
    report = json.loads(phantom_report(prior_study_date=None).model_dump_json())
    key = next(key for key, value in report.items() if isinstance(value, str))
    report[key] = {"not": "Zzyzx^Quirin"}
    (tmp_path / "report.json").write_text(json.dumps(report))
    with pytest.raises(GatewayError) as raised:
        offline.render_report(tmp_path / "report.json", study, tmp_path / "out.dcm", "basic")
    assert key in raised.value.problem
    assert "Zzyzx" not in str(raised.value)
