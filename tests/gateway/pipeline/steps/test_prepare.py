"""Preparing a case: what leaves, what stays, who decides about it, and the record of both."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset
from sqlmodel import select

from gateway.errors import NotAllowed, NotThere, WrongState
from gateway.faces.slices import slices_of
from gateway.pipeline.steps.manifest import verify
from gateway.pipeline.steps.prepare import kinds_by_number
from gateway.privacy.identifiers.detection import IdentifierDetector
from gateway.privacy.leak_search.search import identifying_values
from gateway.records import ledger
from gateway.records.tables.administration import AuditEvent
from gateway.records.tables.cases import CaseEvent
from gateway.records.views import case_rows
from gateway.records.views.held_object_rows import manifests
from support.engine import RULE, SQLITE_IS_ENOUGH, Bench, bench
from support.objects.heads import AXIAL, FRAME, SAGITTAL, head_series, true_faces
from support.objects.held_objects import burned_in, exam_card, screen_capture, zip_report
from support.web_gateway import phantom


@pytest.fixture
def study() -> list[Dataset]:
    """A small phantom study with a whole protocol."""
    return phantom()


def release(pipeline: Bench, held_id: int, who: str = "lena") -> None:
    """Look at an object and release it."""
    ledger.look_at_original(pipeline.context.database, 1, held_id, who)
    ledger.decide_held(pipeline.context.database, 1, held_id, "released", who, "only a side mark")


def leave_out(pipeline: Bench, held_id: int) -> None:
    """Leave an object out."""
    ledger.decide_held(pipeline.context.database, 1, held_id, "left out", "lena", "not needed")


def manifest_of(pipeline: Bench, generation: int = 0) -> dict[str, object]:
    """A kept manifest, the newest being 0."""
    with pipeline.context.database.read() as session:
        row = manifests(session, 1)[generation]
    found: dict[str, object] = json.loads(pipeline.context.blobs.get(row.blob))
    assert found["sha256"] == row.digest
    return found


def test_a_copy_says_a_kind_only_where_it_is_proven_and_the_number_is_of_one_series() -> None:
    """Uncertain kinds are shown to people, not written; two series of one number have none."""
    series = [
        {"series_number": 2, "kind": "flair", "confidence": 0.97},
        {"series_number": 3, "kind": "dwi", "confidence": 0.67},
        {"series_number": 4, "kind": "dwi", "confidence": 0.97},
        {"series_number": 4, "kind": "t1", "confidence": 0.93},
        {"series_number": 5, "kind": "t2", "confidence": 0.95},
        {"series_number": 5, "kind": "t2", "confidence": 0.75},
    ]
    assert kinds_by_number(series) == {"2": "flair", "3": "dwi", "5": "t2"}
    assert kinds_by_number(series, least=0.7) == {"2": "flair", "5": "t2"}


def test_what_is_no_mr_image_stays_and_the_rest_goes_on(pipeline: Bench, study: list[Dataset]) -> None:
    """A screen capture and a private report stay here, listed with reason; the case is forwarded without them."""
    pipeline.keep([*study, screen_capture(study[0]), zip_report(study[0])])
    case = pipeline.settled()
    assert (case.state, case.problem) == ("FORWARDED", "")
    assert len(pipeline.copies()) == len(study)
    capture, report = sorted(pipeline.held(), key=lambda row: row.what, reverse=True)
    assert (capture.what, capture.reason, capture.releasable) == (
        "Secondary Capture Image Storage",
        "sop-class",
        True,
    )
    assert (report.what, report.reason, report.releasable) == ("Enhanced SR Storage", "sop-class", False)
    assert {(row.decision, row.stops_case) for row in pipeline.held()} == {("waiting", False)}
    assert not any("1.2.840" in row.problem for row in pipeline.held()), "named, not numbered"


def test_a_private_object_of_the_scanner_stays_and_the_rest_goes_on(
    pipeline: Bench, study: list[Dataset]
) -> None:
    """A Philips ExamCard is kept, never leaves, cannot be released, and holds nothing up."""
    pipeline.keep([*study, exam_card(study[0])])
    case = pipeline.settled()
    assert (case.state, case.problem) == ("FORWARDED", "")
    assert len(pipeline.copies()) == len(study)
    [card] = pipeline.held()
    assert (card.what, card.reason, card.releasable, card.stops_case) == (
        "private SOP class",
        "private-sop-class",
        False,
        False,
    )


def test_an_image_the_protocol_relies_on_stops_the_case(pipeline: Bench, study: list[Dataset]) -> None:
    """Two FLAIR images with burned-in text: nothing leaves, and the sentence says which and what to do."""
    burned_in(study, "flair", 2)
    pipeline.keep(study)
    case = pipeline.settled()
    assert case.state == "MATCHED"
    assert case.problem.startswith("2 images of series 2 (flair) are held: BurnedInAnnotation")
    assert "Release them or leave them out" in case.fix
    assert pipeline.copies() == []
    assert {row.stops_case for row in pipeline.held()} == {True}


def test_an_image_the_protocol_does_not_rely_on_stays_behind(pipeline: Bench, study: list[Dataset]) -> None:
    """A held SWI image is listed, and the case goes on."""
    burned_in(study, "swi")
    pipeline.keep(study)
    assert pipeline.settled().state == "FORWARDED"
    [row] = pipeline.held()
    assert (row.kind, row.reason, row.stops_case) == ("swi", "burned-in-annotation", False)


def test_the_case_waits_for_the_last_decision(pipeline: Bench, study: list[Dataset]) -> None:
    """One released, one left out: then the case goes on with the released image only."""
    burned_in(study, "flair", 2)
    pipeline.keep(study)
    pipeline.settled()
    first, second = pipeline.held()
    release(pipeline, first.id)
    assert pipeline.settled().state == "MATCHED"
    leave_out(pipeline, second.id)
    case = pipeline.settled()
    assert (case.state, case.problem) == ("FORWARDED", "")
    copies = pipeline.copies()
    assert len(copies) == len(study) - 1
    assert not any(copy.get("BurnedInAnnotation") == "YES" for copy in copies)
    assert [row.decision for row in pipeline.held()] == ["released", "left out"]
    assert not case.late_images, "nobody had seen the case before"


def test_a_release_after_forwarding_adds_the_object(pipeline: Bench, study: list[Dataset]) -> None:
    """The case goes back to MATCHED as for late images; the old copies keep their UIDs, and one is new."""
    pipeline.keep([*study, screen_capture(study[0])])
    pipeline.settled()
    before = {str(copy.SOPInstanceUID) for copy in pipeline.copies()}
    [row] = pipeline.held()
    release(pipeline, row.id)
    case = pipeline.settled()
    assert (case.state, case.late_images) == ("FORWARDED", True)
    after = {str(copy.SOPInstanceUID) for copy in pipeline.copies()}
    assert before < after
    assert len(after - before) == 1
    [capture] = [copy for copy in pipeline.copies() if copy.Modality == "OT"]
    assert capture.PatientID == case.pseudonym
    assert capture.PatientIdentityRemoved == "YES"


def test_a_release_needs_a_look_and_the_profiles_leave(pipeline: Bench, study: list[Dataset]) -> None:
    """Unseen, not releasable, unknown: refused, and nothing changes. Leaving out is always possible."""
    pipeline.keep([*study, screen_capture(study[0]), zip_report(study[0])])
    pipeline.settled()
    database = pipeline.context.database
    capture, report = sorted(pipeline.held(), key=lambda row: row.what, reverse=True)
    with pytest.raises(NotAllowed, match="not looked"):
        ledger.decide_held(database, 1, capture.id, "released", "lena", "unseen")
    ledger.look_at_original(database, 1, capture.id, "somebody else")
    with pytest.raises(NotAllowed, match="not looked"):
        ledger.decide_held(database, 1, capture.id, "released", "lena", "another one's look")
    with pytest.raises(NotAllowed, match="profile"):
        ledger.decide_held(database, 1, report.id, "released", "lena", "it is small")
    with pytest.raises(NotThere):
        ledger.decide_held(database, 2, report.id, "left out", "lena", "wrong case")
    assert {row.decision for row in pipeline.held()} == {"waiting"}
    leave_out(pipeline, report.id)
    assert pipeline.settled().state == "FORWARDED"


def test_looks_and_decisions_are_audited_once(pipeline: Bench, study: list[Dataset]) -> None:
    """Who looked, who decided and why; ten pictures within minutes are one look."""
    pipeline.keep([*study, screen_capture(study[0])])
    pipeline.settled()
    [row] = pipeline.held()
    for _ in range(10):
        ledger.look_at_original(pipeline.context.database, 1, row.id, "lena")
    release(pipeline, row.id)
    release(pipeline, row.id)
    pipeline.clock.pass_seconds(3600)
    ledger.look_at_original(pipeline.context.database, 1, row.id, "lena")
    with pipeline.context.database.read() as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.who == "lena")).all()
        told = session.exec(select(CaseEvent).where(CaseEvent.who == "lena")).all()
    assert [event.action for event in events] == [
        "original looked at",
        "held object released",
        "original looked at",
    ]
    assert events[1].detail["why"] == "only a side mark"
    assert [line.what for line in told] == ["held object released"]


def test_what_is_sent_cannot_be_left_out_any_more(pipeline: Bench, study: list[Dataset]) -> None:
    """A released object that is on its way stays released; a signed case takes no decision at all."""
    pipeline.keep([*study, screen_capture(study[0]), zip_report(study[0])])
    pipeline.settled()
    capture, report = sorted(pipeline.held(), key=lambda row: row.what, reverse=True)
    release(pipeline, capture.id)
    pipeline.settled()
    with pytest.raises(WrongState, match="sent already"):
        leave_out(pipeline, capture.id)
    with pipeline.context.database.write("sign") as session:
        from gateway.records.tables.cases import Case

        session.get_one(Case, 1).state = "REPORTED"
    with pytest.raises(WrongState, match="REPORTED"):
        leave_out(pipeline, report.id)


def test_a_case_parked_by_hand_stays_parked(pipeline: Bench, study: list[Dataset]) -> None:
    """The last decision does not undo what a person parked for another reason."""
    burned_in(study, "flair")
    pipeline.keep(study)
    pipeline.settled()
    ledger.park_case(pipeline.context.database, 1, "ada", "consent is being asked")
    [row] = pipeline.held()
    release(pipeline, row.id)
    assert "consent" in pipeline.settled().problem


def test_an_unreadable_object_stops_the_case_and_cannot_be_released(
    pipeline: Bench, study: list[Dataset]
) -> None:
    """Bytes that were damaged on disk: the rest is not sent in silence; left out, the case goes on."""
    pipeline.keep(study)
    with pipeline.context.database.read() as session:
        from gateway.records.views import case_rows

        damaged = case_rows.instances(session, 1)[3]
    pipeline.context.blobs.put(damaged.blob, b"\0" * 100)
    case = pipeline.settled()
    assert case.state == "MATCHED"
    assert "cannot be read" in case.problem
    assert case.fix.startswith("Nothing was sent. Leave them out")
    [row] = pipeline.held()
    assert (row.reason, row.releasable, row.instance_id) == ("unreadable", False, damaged.id)
    leave_out(pipeline, row.id)
    assert pipeline.settled().state == "FORWARDED"
    assert len(pipeline.copies()) == len(study) - 1


def test_the_leak_gate_stops_released_objects_too(pipeline: Bench, study: list[Dataset]) -> None:
    """The patient's name in the pixel bytes of a released capture parks with attribute and offset, never the value."""
    capture = screen_capture(study[0])
    name = str(study[0].PatientName).split("^")[0].encode()
    capture.PixelData = name + bytes(capture.PixelData)[len(name) :]
    pipeline.keep([*study, capture])
    pipeline.settled()
    [row] = pipeline.held()
    release(pipeline, row.id)
    case = pipeline.settled()
    assert case.state == "MATCHED"
    assert "PixelData at byte" in case.problem
    assert name.decode().lower() not in (case.problem + case.fix).lower()
    [row] = pipeline.held()
    assert (row.reason, row.decision, row.releasable, row.stops_case) == ("leak", "waiting", False, True)
    leave_out(pipeline, row.id)
    assert pipeline.settled().state == "FORWARDED"


def test_the_manifest_says_what_was_done_and_names_nobody(pipeline: Bench, study: list[Dataset]) -> None:
    """Profile, options with codes, actions, objects, gate and digest; no value of the originals is anywhere in it."""
    pipeline.keep([*study, screen_capture(study[0]), zip_report(study[0])])
    case = pipeline.settled()
    found = manifest_of(pipeline)
    assert verify(found)
    assert not verify({**found, "generation": 7})
    assert {option["code"] for option in found["profile"]["options"]} == {
        "113100",
        "113105",
        "113107",
        "113111",
    }  # type: ignore[index]
    assert found["attributes"]["PatientName: pseudonym"] == len(study)  # type: ignore[index]
    outputs = {one["output"] for one in found["instances"]}  # type: ignore[attr-defined]
    assert outputs == {str(copy.SOPInstanceUID) for copy in pipeline.copies()}
    assert [one["reason"] for one in found["held"]] == ["sop-class", "sop-class"]  # type: ignore[attr-defined]
    gate = found["leak_gate"]
    assert (gate["files"], gate["hits"]) == (len(study), 0)  # type: ignore[index]
    assert gate["values_searched"]["name"] > 0  # type: ignore[index]
    text = json.dumps(found, ensure_ascii=False)
    left = [value for value in identifying_values(study) if IdentifierDetector([value]).in_text(text)]
    assert left == []
    assert case.manifest["digest"] == found["sha256"]
    assert "actions" not in case.manifest, "rows stay small"


def test_every_generation_of_the_manifest_is_kept(pipeline: Bench, study: list[Dataset]) -> None:
    """A release makes a second manifest with the decision in it; the first is still there."""
    pipeline.keep([*study, screen_capture(study[0])])
    pipeline.settled()
    [row] = pipeline.held()
    pipeline.clock.pass_seconds(60)
    release(pipeline, row.id)
    pipeline.settled()
    new, old = manifest_of(pipeline, 0), manifest_of(pipeline, 1)
    assert [one["decision"] for one in old["held"]] == ["waiting"]  # type: ignore[attr-defined]
    assert [(one["decision"], one["decided_by"]) for one in new["held"]] == [("released", "lena")]  # type: ignore[attr-defined]
    assert len(new["instances"]) == len(old["instances"]) + 1  # type: ignore[arg-type]


def rule_with(profile: str) -> str:
    """The rule of the bench, naming a profile."""
    return RULE.replace("    title:", f"    profile: {profile}\n    title:")


def test_the_rule_chooses_the_profile(tmp_path: Path, database_url: str, study: list[Dataset]) -> None:
    """A layered profile of the site is applied, and case and manifest say which it was."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "no-sex.yaml").write_text(
        'name: no-sex\nextends: pml-read\nversion: "3"\nrules:\n  PatientSex: {action: Z, reason: not needed}\n'
    )
    with bench(tmp_path, rule_with("no-sex"), database_url) as pipeline:
        pipeline.keep(study)
        case = pipeline.settled()
        assert (case.state, case.profile) == ("FORWARDED", "no-sex")
        assert {str(copy.PatientSex) for copy in pipeline.copies()} == {""}
        assert case.manifest["profile_version"] == "3"
        assert manifest_of(pipeline)["profile"]["name"] == "no-sex"  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "no profile"),
        (
            "name: ours\nextends: pml-read\nversion: '1'\nrules: {PatientName: {action: K, reason: x}}\n",
            "PatientName",
        ),
        ("name: ours\nextends: pml-read\nversion: '1'\nrules: [1]\n", "not a table"),
    ],
    ids=["missing", "keeps a name", "no table"],
)
def test_a_wrong_profile_parks_the_case(
    tmp_path: Path, database_url: str, study: list[Dataset], text: str | None, said: str
) -> None:
    """Nothing is prepared with a profile that is missing or wrong; mended and retried, the case goes on."""
    (tmp_path / "profiles").mkdir()
    if text is not None:
        (tmp_path / "profiles" / "ours.yaml").write_text(text)
    with bench(tmp_path, rule_with("ours"), database_url) as pipeline:
        pipeline.keep(study)
        case = pipeline.settled()
        assert case.state == "MATCHED"
        assert said in case.problem
        assert case.fix
        (tmp_path / "profiles" / "ours.yaml").write_text("name: ours\nextends: pml-read\nversion: '2'\n")
        ledger.retry(pipeline.context.database, "case", 1, "lena")
        assert pipeline.settled().state == "FORWARDED"


def test_a_study_of_which_nothing_can_be_read_asks_a_person(pipeline: Bench, study: list[Dataset]) -> None:
    """Every file damaged on disk: a sentence and its fix, no trace of a bug."""
    study_id = pipeline.keep(study[:2])
    with pipeline.context.database.read() as session:
        blobs = [instance.blob for instance in case_rows.instances(session, study_id)]
    for blob in blobs:
        pipeline.context.blobs.put(blob, b"\0" * 100)
    pipeline.run(61)
    parked = pipeline.study(study_id)
    assert parked.problem == "No object of this study can be read."
    assert parked.fix


def test_faces_stay_unless_somebody_asks_and_the_manifest_says_why(
    pipeline: Bench, study: list[Dataset]
) -> None:
    """The default is to keep them, openly."""
    pipeline.keep(study)
    assert pipeline.settled().manifest["faces"] == "keep"
    faces = manifest_of(pipeline)["faces"]
    assert faces["mode"] == "keep"  # type: ignore[index]
    assert "whole cortex" in faces["why"]  # type: ignore[index]


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize("by", ["rule", "site"])
def test_where_faces_are_to_go_and_no_whole_head_is_there_every_image_is_held(
    by: str, tmp_path: Path, database_url: str, study: list[Dataset]
) -> None:
    """The rule of the case or the site of the study asks; three slices a series show no brain to go by."""
    rule = RULE.replace("    title:", "    faces: deface\n    title:") if by == "rule" else RULE
    with bench(tmp_path, rule, database_url) as pipeline:
        if by == "site":
            settings = pipeline.context.settings
            files = settings.files.model_copy(update={"deface_sites": ("north", "hospital")})
            pipeline.use(settings=settings.model_copy(update={"files": files}))
        pipeline.keep(study)
        case = pipeline.settled()
        assert case.state == "MATCHED"
        assert "no series of its frame of reference shows a whole head" in case.problem
        assert "Release them or leave them out" in case.fix
        assert {(row.reason, row.releasable) for row in pipeline.held()} == {("face", True)}
        assert pipeline.copies() == []
        assert case.faces == ("deface" if by == "rule" else "keep")


@SQLITE_IS_ENOUGH
def test_an_image_released_with_its_face_goes_without_the_claim(
    tmp_path: Path, database_url: str, study: list[Dataset]
) -> None:
    """What a person looked at and let out is the copy that keeps faces; the manifest names the person."""
    with bench(
        tmp_path, RULE.replace("    title:", "    faces: deface\n    title:"), database_url
    ) as pipeline:
        pipeline.keep(study)
        pipeline.settled()
        first, *others = pipeline.held()
        release(pipeline, first.id)
        for row in others:
            leave_out(pipeline, row.id)
        assert pipeline.settled().state == "FORWARDED"
        (copy,) = pipeline.copies()
        assert "RecognizableVisualFeatures" not in copy
        found = manifest_of(pipeline)
        assert found["faces"]["mode"] == "deface"  # type: ignore[index]
        assert [one["decision"] for one in found["held"]].count("released") == 1  # type: ignore[attr-defined]


@SQLITE_IS_ENOUGH
@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_whole_head_leaves_without_its_face(tmp_path: Path, database_url: str) -> None:
    """From received slices over the brain that is looked for to proven copies, axial and sagittal."""
    rule = RULE.replace("    title:", "    faces: deface\n    required_series: [t1]\n    title:")
    images = [*head_series(AXIAL, number=2, gap=4.0), *head_series(SAGITTAL, number=3)]
    with bench(tmp_path, rule, database_url) as pipeline:
        pipeline.keep(images)
        case = pipeline.settled()
        assert (case.state, case.problem) == ("FORWARDED", "")
        copies = pipeline.copies()
        assert len(copies) == len(images)
        planes = true_faces().planes[FRAME]
        for copy in copies:
            (where,) = slices_of(copy)
            assert copy.RecognizableVisualFeatures == "NO"
            values = copy.pixel_array
            assert (values[planes.brain.within(where)] > 400).all(), "as it was drawn"
            nose = np.hypot(where.along((0, 1, 0)) + 118, where.along((0, 0, 1)) + 48) < 8
            assert (values[nose] < 10).all()
        assert manifest_of(pipeline)["faces"]["brains_ml"] == [pytest.approx(1461, rel=0.15)]  # type: ignore[index]
