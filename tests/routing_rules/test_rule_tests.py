"""Tests beside the rules run on facts and on folders of DICOM files, and say why they fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from routing_rules.rule_files import load_rules, rules_from_text
from routing_rules.rule_tests import RuleTestResult, run_tests
from support.objects.mr_headers import KNOWN, series

BY_NAME = {known.name: known for known in KNOWN}
RULES = """
rules:
  - id: complete
    title: FLAIR and DWI for the surveillance address
    priority: 1
    when:
      all:
        - called_ae_title: {is: NATALIZUMAB}
        - series_kinds: {is: flair}
        - series_kinds: {is: dwi}
  - {id: heads, title: Any head, priority: 2, when: {body_parts: {is: BRAIN}}}
  - {id: silent, title: Switched off, enabled: false, when: {modalities: {is: MR}}}
tests:
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of rules with a study of FLAIR and DWI in `study`, and a file that is no DICOM."""
    study = tmp_path / "study" / "inner"
    study.mkdir(parents=True)
    (study / "notes.txt").write_text("no DICOM")
    for number, name in enumerate(("Siemens SPACE FLAIR", "Siemens DWI"), start=1):
        _save(
            BY_NAME[name].headers(number, images=2, BodyPartExamined="BRAIN", StudyDescription="MRI head"),
            study,
        )
    (tmp_path / "empty").mkdir()
    return tmp_path


def _save(headers: list[Dataset], folder: Path) -> None:
    for header in headers:
        header.file_meta = FileMetaDataset()
        header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        header.save_as(folder / f"{header.SOPInstanceUID}.dcm", enforce_file_format=True)


def results(folder: Path, tests: str) -> list[RuleTestResult]:
    """The results of these tests beside the rules above."""
    (folder / "rules.yaml").write_text(RULES + tests)
    return list(run_tests(load_rules(folder)))


def test_a_folder_of_dicom_files_is_a_study(folder: Path) -> None:
    """Series are recognised in the files; the facts beside them say how the study came, and win."""
    tests = """
  - {name: as it lies there, study: study, expect: heads}
  - {name: sent to the address, study: study, facts: {called_ae_title: NATALIZUMAB}, expect: complete}
  - {name: of another region, study: study, facts: {body_parts: KNEE}, expect: null}
"""
    assert [(one.name, one.passed) for one in results(folder, tests)] == [
        ("as it lies there", True),
        ("sent to the address", True),
        ("of another region", True),
    ]


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("study: study, expect: complete", "missing: ✗ called_ae_title is NATALIZUMAB (found: nothing)"),
        ("study: study, expect: silent", "it is switched off"),
        ("study: study, expect: unknown", "no rule has this id"),
        ("study: study, expect: null", "a rule matched"),
        ("study: study, facts: {called_ae_title: NATALIZUMAB}, expect: heads", "complete is tried before it"),
        ("study: nowhere, expect: null", "there is no folder"),
        ("study: empty, expect: null", "there is no DICOM file in"),
    ],
)
def test_a_failed_test_says_why(folder: Path, test: str, why: str) -> None:
    """The condition that was missing, the rule that was first, or the folder that is not there."""
    (result,) = results(folder, f"  - {{name: x, {test}}}\n")
    assert not result.passed
    assert why in result.why


def test_the_sites_own_vendor_facts_count(folder: Path) -> None:
    """vendor_facts.yaml beside the rules teaches recognition a name, changes the fingerprint, and is no rule file."""
    _save(series(9, 2, SequenceName="zz_susc"), folder / "empty")
    tests = "  - {name: x, study: empty, expect: veins}\n"
    rules = RULES.replace(
        "tests:", "  - {id: veins, title: V, priority: 0, when: {series_kinds: {is: swi}}}\ntests:"
    )
    (folder / "rules.yaml").write_text(rules + tests)
    before = load_rules(folder)
    (folder / "vendor_facts.yaml").write_text("sequence_names: [{pattern: '^zz_susc', means: [swi]}]\n")
    after = load_rules(folder)
    assert [run_tests(one)[0].passed for one in (before, after)] == [False, True]
    assert before.fingerprint != after.fingerprint
    assert before.vendor_facts is None


def test_facts_of_a_test_are_checked() -> None:
    """One value may stand for a list and a kind for a series; what is given comes out as facts."""
    series = "[flair, {kind: dwi, b_values: [0, 1000]}]"
    text = f"tests:\n  - {{name: x, expect: null, facts: {{modalities: MR, series: {series}}}}}\n"
    facts = rules_from_text(text).tests[0].facts.to_facts()
    assert (facts.modalities, [one.kind for one in facts.series], facts.series[1].b_values) == (
        ("MR",),
        ["flair", "dwi"],
        (0.0, 1000.0),
    )
