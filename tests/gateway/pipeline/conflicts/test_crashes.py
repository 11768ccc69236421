"""`kill -9` before and after each commit of a conflict: after the restart the end is the one without it.

A story is told by people and systems that try again what they saw no answer to. It dies at each point in turn, in a
process of its own, and goes on from what is on the disk.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from sqlmodel import select

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.node import DimseNode, Role
from gateway.errors import WrongState
from gateway.lifecycle import Choice
from gateway.records import ledger
from gateway.records.tables.administration import Notice
from gateway.records.tables.cases import Case
from gateway.records.tables.conflicts import Conflict
from gateway.records.tables.studies import Identity, Instance
from gateway.records.views import case_rows
from support.conflicts import case
from support.crashes import killed_at
from support.engine import Bench, bench, scans
from support.patients import sign

REAL = {"PatientID": "REAL-7", "PatientName": "Right^Rita"}
DOWN = DimseNode("hospital-pacs", "HOSPITAL", "127.0.0.1", 1, frozenset({Role.SENDER, Role.ARCHIVE}))
"""What is to go back waits: here is shown what it would be."""
Deed = Callable[[Bench], None]


def few(**changes: Any) -> list[Dataset]:
    """One image of each series: what happens does not depend on how many there are."""
    return list({ds.SeriesInstanceUID: ds for ds in scans(**changes)}.values())


# ---------------------------------------------------------------- who does what


def pushed(*datasets: Dataset) -> Deed:
    """The PACS sends; the engine does what is due."""

    def deed(pipeline: Bench) -> None:
        pipeline.keep(datasets)
        pipeline.run()

    return deed


def silent(pipeline: Bench) -> None:
    """Nothing comes for longer than the quiet time."""
    pipeline.run(61)


def decided(choice: Choice) -> Deed:
    """A lead who sees an open question decides it."""

    def deed(pipeline: Bench) -> None:
        pipeline.run()
        with pipeline.context.database.read() as session:
            found = session.exec(select(Conflict).order_by(Conflict.ids())).all()[-1]
        if found.state in ("CONTESTED", "AWAITED") and found.choice != choice:
            ledger.decide_conflict(
                pipeline.context.database, found.saved_id, choice, "lea", "why", objects=found.objects
            )
        pipeline.run()

    return deed


def signed(pipeline: Bench) -> None:
    """A reader signs what waits for it; the report is built."""
    if case(pipeline).state == "FORWARDED":
        sign(pipeline, 1)
    pipeline.run()


def signed_while_late_images_come(pipeline: Bench) -> None:
    """They name another patient, and the report is due before they are complete: building it finds the merge."""
    pipeline.keep(scans(**REAL)[:1])
    if case(pipeline).state == "FORWARDED":
        sign(pipeline, 1)
    pipeline.run()


def returned(pipeline: Bench) -> None:
    """The PACS has taken the report and committed to it."""
    with pipeline.context.database.write("test") as session:
        row = case_rows.case(session, 1)
        row.state, row.problem, row.fix = "CONFIRMED", "", ""
        row.returned_as, row.returned_uid = "enhanced", row.composed["enhanced"]["sop_instance_uid"]


def corrected(pipeline: Bench) -> None:
    """A coordinator who sees that a corrected report is wanted sends it."""
    if case(pipeline).correction_wanted:
        ledger.correct_report(pipeline.context.database, 1, "lea")
    pipeline.run()


READ: tuple[Deed, ...] = (pushed(*few()), silent)
SIGNED = (*READ, signed)
NEWER = (pushed(*few(**REAL)), decided(Choice.NEWER))

STORIES: dict[str, tuple[Sequence[Deed], Sequence[Deed], list[str]]] = {
    "the newer set stands": (
        READ,
        NEWER,
        [
            "keep_instances",
            "advance-RECEIVED-CONTESTED",
            "decide_conflict",
            "advance-DECIDED-SETTLED",
            "advance-COMPLETED-MATCHED",
            "advance-MATCHED-PREPARED",
            "advance-PREPARED-FORWARDED",
        ],
    ),
    "the first set stands": (
        READ,
        (pushed(*few(**REAL)), decided(Choice.FIRST)),
        ["keep_instances", "advance-RECEIVED-CONTESTED", "decide_conflict", "advance-DECIDED-SETTLED"],
    ),
    "neither stands": (
        READ,
        (
            pushed(*few(**REAL)),
            decided(Choice.NEITHER),
            pushed(*few(PatientID="THIRD-3")),
            silent,
        ),
        ["decide_conflict", "advance-DECIDED-AWAITED", "advance-AWAITED-SETTLED", "advance-MATCHED-PREPARED"],
    ),
    "the same content": (
        READ,
        (pushed(*few(RetrieveAETitle="PACS")),),
        ["keep_instances", "advance-RECEIVED-SAME"],
    ),
    "a signed report is built again": (
        SIGNED,
        NEWER,
        ["decide_conflict", "advance-DECIDED-SETTLED", "open_identity", "advance-REPORTED-COMPOSED"],
    ),
    "a returned report is corrected": (
        (*SIGNED, returned),
        (*NEWER, corrected),
        ["advance-DECIDED-SETTLED", "correct_report", "open_identity", "advance-REPORTED-COMPOSED"],
    ),
    "two patients in one study": (
        READ,
        (pushed(scans(**REAL)[0]), silent, decided(Choice.NEWER)),
        [
            "postpone-COMPLETED",
            "decide_conflict",
            "advance-DECIDED-SETTLED",
            "advance-COMPLETED-MATCHED",
            "advance-MATCHED-PREPARED",
        ],
    ),
    "two patients, found when the report is built": (
        READ,
        (signed_while_late_images_come, silent, decided(Choice.NEWER)),
        ["postpone-REPORTED", "decide_conflict", "advance-DECIDED-SETTLED", "advance-REPORTED-COMPOSED"],
    ),
}


# ---------------------------------------------------------------- telling it


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[Deed]], Path]:
    """The folder of a gateway in which these deeds were done; each is begun once."""
    made: dict[Sequence[Deed], Path] = {}

    def folder(deeds: Sequence[Deed]) -> Path:
        if deeds not in made:
            made[deeds] = tmp_path_factory.mktemp("begun")
            told(made[deeds], deeds, 0)
            for done in made[deeds].glob("done *"):
                done.unlink()
        return made[deeds]

    return folder


def told(folder: Path, deeds: Sequence[Deed], starts: int) -> None:
    """A process that starts, goes on with what was not seen to end, and lets all leases of earlier ones run out."""
    with bench(folder) as pipeline:
        pipeline.use(directory=lambda: NodeDirectory((DOWN,)))
        pipeline.clock.pass_seconds(3600 * starts)
        pipeline.intake.recover()
        pipeline.run()
        for number, deed in enumerate(deeds):
            done = folder / f"done {number}"
            if not done.exists():
                deed(pipeline)
                done.touch()


def end(folder: Path) -> dict[str, Any]:
    """All that matters when everything is done: nothing of it depends on when, or on which try."""
    with bench(folder) as pipeline, pipeline.context.database.read() as session:
        cases = session.exec(select(Case)).all()
        return {
            "cases": [
                (
                    one.state,
                    one.problem,
                    one.pseudonym,
                    one.generation,
                    one.corrections,
                    one.correction_wanted,
                    one.addendum_wanted,
                    one.predecessor,
                )
                for one in cases
            ],
            "conflicts": [
                (one.state, one.kind, one.choice, one.objects, one.problem)
                for one in session.exec(select(Conflict)).all()
                if one.state != "SAME"  # silence, however often something came
            ],
            "versions": Counter(
                (one.sop_instance_uid, one.digest, one.standing) for one in session.exec(select(Instance))
            ),
            "copies": {
                (str(copy.SOPInstanceUID), str(copy.PatientID), str(copy.StudyDate))
                for copy in pipeline.copies()
            },
            "reports": {
                name: (
                    one["sop_instance_uid"],
                    str(dcmread(pipeline.context.blobs.path(one["blob"])).PatientID),
                )
                for one_case in cases
                for name, one in one_case.composed.items()
            },
            "identities": sorted(one.pseudonym for one in session.exec(select(Identity))),
            "notices": Counter(one.text for one in session.exec(select(Notice))),
        }


@pytest.mark.parametrize("story", STORIES)
def test_a_crash_at_each_commit_ends_as_none(
    story: str, begun: Callable[[Sequence[Deed]], Path], tmp_path: Path
) -> None:
    """Killed before and after each commit, one after the other: nothing is lost, asked twice or sent as another's."""
    before, deeds, commits = STORIES[story]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for folder in (whole, broken):
        shutil.copytree(begun(before), folder)
    told(whole, deeds, 1)
    expected = end(whole)
    assert [one[1] for one in expected["cases"]] == [""]
    starts = 1
    for commit in commits:
        for point in (f"{commit}:before", f"{commit}:after"):
            assert killed_at(point, tmp_path / "markers", lambda: told(broken, deeds, starts)), point  # noqa: B023
            starts += 1
    told(broken, deeds, starts)
    assert end(broken) == expected


def test_a_contested_study_stays_frozen_over_a_crash(
    begun: Callable[[Sequence[Deed]], Path], tmp_path: Path
) -> None:
    """Whenever the process died after the sender's Success, nobody signs before a lead has decided."""
    for point in ("keep_instances:after", "advance-RECEIVED-CONTESTED:after"):
        folder = tmp_path / point.replace(":", " ")
        shutil.copytree(begun(READ), folder)
        assert killed_at(point, tmp_path / "markers", lambda: told(folder, NEWER[:1], 1))  # noqa: B023
        with bench(folder) as pipeline:
            assert case(pipeline).state == "FORWARDED"
            with pytest.raises(WrongState, match="cannot be signed now"):
                sign(pipeline, 1)
