"""What a case is looked at by is made after its copies, beside its steps; killed anywhere, it is made all the same."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from pydicom import Dataset
from sqlmodel import select

from gateway.decoding.children import BEHIND
from gateway.imaging.study_index import StudyIndex
from gateway.lifecycle import CaseState
from gateway.pipeline.jobs import pictures
from gateway.pipeline.jobs.background import Background
from gateway.pipeline.jobs.forget import Forgetter
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.tables.cases import Case
from gateway.records.tables.pictures import CasePictures
from gateway.records.views import picture_rows
from gateway.records.views.picture_rows import CopiesOf
from support.crashes import killed_at
from support.engine import Bench, bench
from support.patients import RULES, found_in, images, to_the_end, to_the_queue, traces
from support.pictures import ramp, slices

POINTS = [
    f"{name}:{when}"
    for name in ("claim_pictures", "keep_index", "blobs.put", "keep_volume")
    for when in ("before", "after")
]


def study(count: int = 4) -> list[Dataset]:
    """One series of a head's size in miniature."""
    return slices(ramp((count, 16, 16), "int16"), SeriesDescription="t2_flair")


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Bench]:
    """A worker whose studies are read from the gateway's own queue."""
    with bench(tmp_path, RULES) as made:
        yield made


def copies(gateway: Bench, case_id: int) -> CopiesOf:
    """What pages read of a case."""
    with gateway.context.database.read() as session:
        return picture_rows.copies_of(session, case_id)


def files(gateway: Bench, case_id: int) -> list[str]:
    """What lies on the disk of the pictures of a case."""
    return list(gateway.context.blobs.keys(picture_rows.folder_of(case_id)))


def volumes(gateway: Bench, case_id: int) -> dict[str, Any]:
    """The volumes of a case as they are read, by stack."""
    case = copies(gateway, case_id)
    assert case.pictures is not None
    read = {}
    for stack, why in case.pictures.volumes.items():
        assert why == ""
        data = gateway.context.blobs.get(picture_rows.volume_key(case_id, case.version, stack))
        read[stack] = nibabel.Nifti1Image.from_bytes(gzip.decompress(data)).get_fdata()
    return read


def test_a_case_with_copies_gets_an_index_and_a_volume_of_each_regular_stack(gateway: Bench) -> None:
    """In the order: index, volumes; then there is nothing to do. The case's own state is untouched."""
    case_id = to_the_queue(gateway, images(6))
    assert copies(gateway, case_id).index_blob == ""
    before = gateway.context
    ran = Background(before).run_due()
    case = copies(gateway, case_id)
    assert case.pictures is not None
    assert case.pictures.is_over
    index = StudyIndex.from_json(gateway.context.blobs.get(case.index_blob))
    regular = {stack.key for stack in index.stacks if stack.affine is not None}
    assert set(case.pictures.volumes) == regular
    assert regular
    assert ran == 1 + len(regular)
    assert {key.rpartition("/")[0] for key in files(gateway, case_id)} == {
        picture_rows.folder_of(case_id, case.version)
    }
    with gateway.context.database.read() as session:
        row = session.get_one(Case, case_id)
        assert (row.state, row.problem) == (CaseState.FORWARDED, "")
    assert Background(gateway.context).run_due() == 0


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_commit_point_it_is_made_all_the_same(gateway: Bench, tmp_path: Path, point: str) -> None:
    """`kill -9` there, a lease later somebody else: everything is there once, and nothing half."""
    case_id = to_the_queue(gateway, study())
    BEHIND.close()
    database = gateway.context.database

    def worker() -> None:
        own = Database(database.url, gateway.clock)
        try:
            gateway.use(database=own)
            while pictures.make_one(gateway.context):
                pass
        finally:
            BEHIND.close()

    assert killed_at(point, tmp_path / "markers", worker)
    BEHIND.close()
    gateway.use(database=database)
    gateway.clock.pass_seconds(gateway.context.settings.engine.lease + 1)
    Background(gateway.context).run_due()
    [values] = volumes(gateway, case_id).values()
    assert np.array_equal(values.transpose(2, 1, 0), ramp((4, 16, 16), "int16"))
    names = sorted(key.rpartition("/")[2] for key in files(gateway, case_id))
    assert names == ["index-2.json", "s0-0.nii.gz", "s0-0.parts.json"]


def test_late_images_make_new_pictures_and_the_old_ones_go(gateway: Bench) -> None:
    """The amended case has volumes of all its copies, under another version; nothing of the first is left."""
    whole = study(6)
    case_id = to_the_queue(gateway, whole[:4])
    Background(gateway.context).run_due()
    first = copies(gateway, case_id)
    gateway.keep(whole[4:], node="")
    gateway.run(70)
    amended = copies(gateway, case_id)
    assert amended.version != first.version
    assert amended.index_blob == ""
    Background(gateway.context).run_due()
    [values] = volumes(gateway, case_id).values()
    assert values.shape == (16, 16, 6)
    assert all(amended.version in key for key in files(gateway, case_id))


def test_forgetting_takes_the_pictures_too(gateway: Bench, tmp_path: Path) -> None:
    """Row and files; and what a worker writes meanwhile goes by itself."""
    case_id = to_the_queue(gateway, images(6))
    Background(gateway.context).run_due()
    assert files(gateway, case_id)
    context = gateway.context
    forgetter = Forgetter(context.database, context.blobs, context.pseudonym_key)
    forgetter.forget(forgetter.by_case(case_id), "admin", "asked for", even_open=True)
    assert files(gateway, case_id) == []
    with context.database.read() as session:
        assert session.exec(select(CasePictures)).all() == []
    assert found_in(tmp_path / "objects", traces(images(6))) == set()


def test_a_volume_that_is_written_while_the_patient_is_forgotten_is_deleted(
    gateway: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker learns that it lost the claim when it wants to record the piece."""
    case_id = to_the_queue(gateway, study())
    assert pictures.make_one(gateway.context)
    context = gateway.context
    forgetter = Forgetter(context.database, context.blobs, context.pseudonym_key)
    keep = ledger.keep_volume

    def meanwhile(*args: Any, **how: Any) -> bool:
        forgetter.forget(forgetter.by_case(case_id), "admin", "asked for", even_open=True)
        context.blobs.put(picture_rows.volume_key(case_id, "late", "s0-0"), b"pixels")
        return keep(*args, **how)

    monkeypatch.setattr("gateway.records.ledger.keep_volume", meanwhile)
    assert pictures.make_one(context)
    assert files(gateway, case_id) == []


def test_a_full_disk_is_kept_for_what_is_received(gateway: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index is small and made; no volume is, the row says why, and it is tried again later."""
    case_id = to_the_queue(gateway, study())
    monkeypatch.setattr(type(gateway.context.blobs), "free_mb", lambda _: -1.0)
    Background(gateway.context).run_due()
    case = copies(gateway, case_id)
    assert case.pictures is not None
    assert "disk is nearly full" in case.pictures.problem
    assert (bool(case.index_blob), dict(case.pictures.volumes), case.pictures.is_over) == (True, {}, False)
    monkeypatch.undo()
    assert Background(gateway.context).run_due() == 0
    gateway.clock.pass_seconds(pictures.LOOK_AGAIN.total_seconds() + 1)
    Background(gateway.context).run_due()
    assert volumes(gateway, case_id)


def test_cases_that_are_over_give_way_when_the_disk_is_full(
    gateway: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pictures made longest ago go first, one case at a time, and are made again when somebody looks."""
    over = [to_the_end(gateway, images(3, suffix), login) for suffix, login in (("1", "ana"), ("2", "ben"))]
    Background(gateway.context).run_due()
    new = to_the_queue(gateway, study())
    blobs, free = gateway.context.blobs, iter([-1.0])
    monkeypatch.setattr(type(blobs), "free_mb", lambda _: next(free, 1e6))
    Background(gateway.context).run_due()
    assert volumes(gateway, new)
    left = {case_id: copies(gateway, case_id).pictures for case_id in over}
    assert [case_id for case_id, pictures_left in left.items() if pictures_left is None] == over[:1]
    assert (files(gateway, over[0]), bool(files(gateway, over[1]))) == ([], True)
    assert ledger.want_pictures(gateway.context.database, over[0])
    Background(gateway.context).run_due()
    assert files(gateway, over[0])


def test_no_open_case_gives_way(gateway: Bench) -> None:
    """What a reader waits for stays."""
    case_id = to_the_queue(gateway, study())
    Background(gateway.context).run_due()
    assert not ledger.drop_pictures(gateway.context.database, case_id)
    assert volumes(gateway, case_id)


def test_the_priors_of_a_case_get_their_pictures_too(gateway: Bench) -> None:
    """Those prepared before there were any: the present case is read beside them."""
    prior = to_the_end(gateway, images(3))
    with gateway.context.database.write("test_older") as session:
        session.delete(session.get_one(CasePictures, prior))
    case_id = to_the_queue(gateway, images(3, "2"))
    with gateway.context.database.read() as session:
        assert session.get_one(Case, prior).identity_id == session.get_one(Case, case_id).identity_id
    Background(gateway.context).run_due()
    assert volumes(gateway, case_id) is not None
    assert files(gateway, prior)


def test_a_volume_that_no_browser_holds_is_not_made(gateway: Bench) -> None:
    """It is shown frame by frame, and says so."""
    from gateway.settings import PictureSettings

    case_id = to_the_queue(gateway, slices(ramp((8, 256, 256), "int16")))
    settings = gateway.context.settings.model_copy(
        update={"pictures": PictureSettings(largest_mb=1, keep_free_mb=0)}
    )
    gateway.use(settings=settings)
    Background(gateway.context).run_due()
    case = copies(gateway, case_id)
    assert case.pictures is not None
    [why] = case.pictures.volumes.values()
    assert "would take 1 MB" in why
    assert case.pictures.is_over
