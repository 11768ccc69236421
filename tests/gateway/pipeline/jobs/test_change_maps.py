"""What became bright since a prior is mapped once both are aligned, by a process that may die of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from sqlalchemy import update
from sqlmodel import col, select

from gateway.decoding import changes
from gateway.decoding.children import BEHIND, DecodingProcesses, Limits
from gateway.imaging.volume import Volume
from gateway.lifecycle import CaseState
from gateway.pipeline.jobs import change_maps
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger import AlignmentOutcome, Wanted
from gateway.records.tables.cases import Case
from gateway.records.tables.change_maps import CaseChangeMap
from gateway.records.tables.studies import Identity, Study
from gateway.records.views import picture_rows
from support.crashes import killed_at
from support.pictures import make, put, slices, worker
from support.planted import Lesion, Visit, between, volume
from support.web_gateway import WebGateway, running

BEFORE = Visit(spacing=(2.0, 2.0), noise=8.0)
HERE = Visit(spacing=(2.0, 2.0), noise=9.0, motion=(0.0, 0.0, 0.0, 4.0, -4.0, 4.0))
LESION = Lesion((27.0, -30.0, 36.0), 12.0, 1.0, 0.5)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebGateway]:
    """A gateway of its own."""
    with running(tmp_path) as made:
        made.add("reader", "reader")
        made.add("south", "coordinator", site="south")
        yield made


@lru_cache
def _drawn(visit: Visit, lesions: tuple[Lesion, ...]) -> Volume:
    return volume(4, visit, lesions, noise_seed=len(lesions))


def case_of(web: WebGateway, visit: Visit, day: str, lesions: tuple[Lesion, ...]) -> int:
    """A case with the FLAIR of a visit."""
    drawn = _drawn(visit, lesions)
    affine = np.asarray(drawn.affine)
    made = slices(
        np.clip(drawn.array, 0, 4000).astype(np.uint16),
        PixelSpacing=[2.0, 2.0],
        SliceThickness=2.0,
        ImagePositionPatient=lambda at: [float(each) for each in affine[:, 3] + at * affine[:, 2]],
    )
    case_id = bare(web, day)
    put(web, case_id, made)
    make(web, case_id)
    return case_id


def bare(web: WebGateway, day: str) -> int:
    """A case of the same patient without pictures."""
    case_id = web.case(series=[{"series_number": 1, "kind": "flair"}])
    with web.database.write("test") as session:
        if session.get(Identity, 1) is None:
            session.add(
                Identity(
                    patient_hash="h",
                    pseudonym="p",
                    scheme=2,
                    site="north",
                    sealed=b"x",
                    key_id="k",
                    created_at=datetime.now(UTC),
                )
            )
            session.flush()
        study_id = session.get_one(Case, case_id).study_id
        session.execute(update(Study).where(col(Study.id) == study_id).values(study_date=day))
        session.execute(update(Case).where(col(Case.id) == case_id).values(identity_id=1))
    return case_id


@pytest.fixture
def pair(web: WebGateway) -> tuple[int, int]:
    """Two cases of a patient that are aligned: the earlier and the later."""
    prior = case_of(web, BEFORE, "20250101", ())
    present = case_of(web, HERE, "20250601", (LESION,))
    align(web, present, prior, "aligned")
    return prior, present


def align(web: WebGateway, present: int, prior: int, state: str) -> None:
    """As the worker would have aligned them, or not."""
    with web.database.read() as session:
        versions = [picture_rows.copies_of(session, each).version for each in (present, prior)]
    ledger.want_alignments(web.database, [Wanted(present, prior, *versions, "flair")])
    claim = ledger.claim_alignment(web.database, change_maps.LEASE)
    assert claim is not None
    numbers = [each for row in between(BEFORE, HERE, 0.2) for each in row] if state == "aligned" else []
    ledger.keep_alignment(web.database, claim, AlignmentOutcome(state, numbers, 0.2, 1.0, ""))


def told(web: WebGateway, case_id: int) -> Any:
    """What the viewer is told of the map."""
    return web.client("reader").get(f"/api/cases/{case_id}/reading").json()["change_map"]


def test_the_map_of_an_aligned_pair_is_made_served_and_told(web: WebGateway, pair: tuple[int, int]) -> None:
    """A new lesion in it, at its place; the volume lies on the grid of the case; nothing is left to do."""
    _, present = pair
    assert change_maps.make_one(worker(web))
    assert not change_maps.make_one(worker(web))
    said = told(web, present)
    assert (said["state"], said["why"]) == ("made", "")
    largest = said["components"][0]
    assert largest["kind"] == "new"
    where = np.add(LESION.point, [4.0, -4.0, 4.0])
    assert np.linalg.norm(where - largest["point"]) < 3
    assert largest["volume_ml"] == pytest.approx(0.905, rel=0.35)
    assert "not a diagnosis" in said["caption"]
    answer = web.client("reader").get(said["volume"])
    assert answer.status_code == 200
    image = nibabel.Nifti1Image.from_bytes(answer.content)
    at = np.linalg.solve(image.affine, [*(np.asarray(largest["point"]) * [-1, -1, 1]), 1])[:3]
    assert image.get_fdata()[tuple(np.rint(at).astype(int))] >= 5
    assert image.get_fdata().min() == 0
    again = web.client("reader").get(said["volume"], headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    part = web.client("reader").get(said["volume"], headers={"Range": "bytes=0-99"})
    assert (part.status_code, part.content) == (206, answer.content[:100])


def test_a_pair_that_is_not_aligned_has_no_map(web: WebGateway) -> None:
    """Nothing is made of it, and the viewer says why."""
    prior, present = bare(web, "20250101"), bare(web, "20250601")
    align(web, present, prior, "refused")
    assert not change_maps.make_one(worker(web))
    said = told(web, present)
    assert said["state"] == "none"
    assert said["why"]
    assert web.client("reader").get(f"/cases/{present}/change/{prior}.nii").status_code == 404


def test_a_process_that_dies_of_it_leaves_a_reason(
    web: WebGateway, pair: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No map, which the page says; the worker goes on."""
    limits = Limits(processes=1, seconds=60, memory=1 << 20)
    monkeypatch.setattr(change_maps, "changes_between", _asking(DecodingProcesses(limits)))
    assert change_maps.make_one(worker(web))
    _, present = pair
    assert told(web, present)["state"] == "none"
    assert told(web, present)["why"]


def _asking(processes: DecodingProcesses) -> Any:
    return lambda *args: changes.changes_between(*args, processes)


def waiting(web: WebGateway) -> tuple[int, int]:
    """A pair of bare cases whose map is wanted: the earlier and the later."""
    prior, present = bare(web, "20250101"), bare(web, "20250601")
    with web.database.read() as session:
        own, theirs = (picture_rows.copies_of(session, each).version for each in (present, prior))
    pair = ledger.Pair(present, prior, own, theirs, "s1-1", "s1-1", between(BEFORE, HERE))
    assert ledger.want_changes(web.database, [pair]) == 1
    assert ledger.want_changes(web.database, [pair]) == 0
    return prior, present


def row(web: WebGateway) -> CaseChangeMap:
    """The only one."""
    with web.database.read() as session:
        return session.exec(select(CaseChangeMap)).one()


def test_a_map_that_waits_is_being_made(web: WebGateway) -> None:
    """Whoever asks is told to come again; whoever may not see the case, that there is none."""
    prior, present = waiting(web)
    answer = web.client("reader").get(f"/cases/{present}/change/{prior}.nii")
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert web.client("south").get(f"/cases/{present}/change/{prior}.nii").status_code == 404


def test_a_pair_whose_volumes_are_gone_has_no_map(web: WebGateway) -> None:
    """It says so, and is not tried again."""
    waiting(web)
    assert change_maps.make_one(worker(web))
    assert not change_maps.make_one(worker(web))
    assert (row(web).state, row(web).why) == ("none", "the volumes of these studies are no longer kept")


def test_what_kills_its_worker_is_given_up(web: WebGateway) -> None:
    """After as many claims as are made without an outcome."""
    waiting(web)
    for _ in range(3):
        assert ledger.claim_change_map(web.database, -change_maps.LEASE) is not None
    assert ledger.claim_change_map(web.database, change_maps.LEASE) is None
    assert (row(web).state, row(web).why) == ("none", "3 times the worker ended before it had it")


def test_an_outcome_of_a_lost_claim_is_not_kept(web: WebGateway) -> None:
    """Another worker has it by now."""
    waiting(web)
    first = ledger.claim_change_map(web.database, -change_maps.LEASE)
    second = ledger.claim_change_map(web.database, change_maps.LEASE)
    assert first is not None
    assert second is not None
    assert not ledger.keep_change_map(web.database, first, {}, "late")
    assert ledger.keep_change_map(web.database, second, {}, "in time")
    assert row(web).why == "in time"


POINTS = [
    f"{name}:{when}"
    for name in ("want_changes", "claim_change_map", "blobs.put", "keep_change_map")
    for when in ("before", "after")
]


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_commit_point_the_map_is_made_all_the_same(
    web: WebGateway, pair: tuple[int, int], tmp_path: Path, point: str
) -> None:
    """`kill -9` there, a lease later the next worker: the map is there, and nothing is left to do."""
    _, present = pair
    BEHIND.close()

    def killed() -> None:
        context = worker(web)
        context.database = Database(web.database.url)  # type: ignore[misc]
        try:
            while change_maps.make_one(context):
                pass
        finally:
            BEHIND.close()

    assert killed_at(point, tmp_path / "markers", killed)
    with web.database.write("test") as session:
        session.execute(update(CaseChangeMap).values(lease_until=datetime(2020, 1, 1, tzinfo=UTC)))
    while change_maps.make_one(worker(web)):
        pass
    said = told(web, present)
    assert (said["state"], said["why"]) == ("made", "")
    assert web.client("reader").get(said["volume"]).status_code == 200


def test_a_disk_that_is_nearly_full_gets_no_map(
    web: WebGateway, pair: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is kept for what is received; the page says why, and a person has it made when there is room."""
    _, present = pair
    monkeypatch.setattr(type(web.context.blobs), "free_mb", lambda _: -1.0)
    assert change_maps.make_one(worker(web))
    said = told(web, present)
    assert said["state"] == "none"
    assert said["why"] == "the disk is nearly full: have the pictures made again when there is room"


@pytest.mark.parametrize("way", ["dropped", "lost"])
def test_a_map_that_gave_way_is_made_again_when_somebody_looks(
    web: WebGateway, pair: tuple[int, int], way: str
) -> None:
    """With the pictures of its case, whether the row went with the files or a worker was killed between."""
    _, present = pair
    assert change_maps.make_one(worker(web))
    with web.database.write("test") as session:
        session.execute(update(Case).where(col(Case.id) == present).values(state=CaseState.CONFIRMED))
    for key in list(web.context.blobs.keys(picture_rows.folder_of(present))):
        web.context.blobs.delete(key)
    if way == "dropped":
        assert ledger.drop_pictures(web.database, present)
    assert ledger.want_pictures(web.database, present, again=True)
    assert not change_maps.make_one(worker(web)), "before its volumes are there"
    make(web, present)
    assert told(web, present)["state"] == "waiting"
    assert change_maps.make_one(worker(web))
    said = told(web, present)
    assert said["state"] == "made"
    assert web.client("reader").get(said["volume"]).status_code == 200


def test_a_map_whose_prior_gave_way_waits_for_it(web: WebGateway, pair: tuple[int, int]) -> None:
    """It is not given up for ever because the volumes of the prior were gone for a while."""
    prior, present = pair
    with web.database.write("test") as session:
        session.execute(update(Case).where(col(Case.id) == prior).values(state=CaseState.CONFIRMED))
    files = list(web.context.blobs.keys(picture_rows.folder_of(prior)))
    for key in files:
        web.context.blobs.delete(key)
    assert not change_maps.make_one(worker(web))
    assert row(web).state == "none"
    assert ledger.drop_pictures(web.database, prior)
    assert told(web, present)["state"] == "none"
    ledger.want_pictures(web.database, prior)  # as whoever looks at it does
    make(web, prior)
    assert change_maps.make_one(worker(web))
    assert told(web, present)["state"] == "made"


def test_the_figures_beside_a_map_are_those_of_its_slices(web: WebGateway, pair: tuple[int, int]) -> None:
    """Two studies with slices of 2 mm are thicker than any that was tried."""
    _, present = pair
    assert change_maps.make_one(worker(web))
    caption = told(web, present)["caption"]
    assert "it was not tried" in caption
    assert caption.endswith("slices of 2 mm, of the prior 2 mm.")
