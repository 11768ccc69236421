"""The copies of a study made by one process or by several: the same files, the same record."""

from __future__ import annotations

import errno
import hashlib
import os
import pickle
import struct
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, RLELossless

from gateway.faces.preparer import GONE, NOT_IN_IT
from gateway.pipeline import cores as cores_module
from gateway.pipeline.cores import Cores, ProcessDied, shared
from gateway.pipeline.steps.copies import Copy, Leaking, Original, Share, Withheld, copies_of, values_in
from gateway.privacy.deidentify.instance import PatientContext
from gateway.privacy.fast.identifying_values import StudyValues
from gateway.privacy.identifiers.values import ValueKind
from gateway.privacy.profile.profile import load_profile
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.records.blobs import LocalBlobs
from gateway.records.tables.studies import Instance
from support.engine import bench
from support.objects.heads import head_series, true_faces
from support.objects.held_objects import screen_capture
from support.web_gateway import phantom

PATIENT = PatientContext("PML-TEST", -100, PseudonymKey(b"k" * 32, "test").of("north"))


def instance(number: int, series: str, size: int) -> Instance:
    """A row that says where an object is and how large."""
    return Instance(
        id=number,
        study_id=1,
        sop_class_uid="1.2",
        sop_instance_uid=f"1.2.{number}",
        series_instance_uid=series,
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        digest=f"{number}",
        blob=f"received/{number}.dcm",
        size=size,
        generation=1,
        received_at=datetime(2026, 11, 20, tzinfo=UTC),
    )


@pytest.fixture
def cores() -> Iterator[Cores]:
    """Two processes."""
    made = Cores(2)
    yield made
    made.close()


@pytest.fixture
def study(tmp_path: Path) -> tuple[LocalBlobs, list[Original]]:
    """A study in an object store: images, a screen capture, and a file that is damaged."""
    blobs, found = LocalBlobs(tmp_path / "objects"), []
    images = phantom()
    whole = [_file(one) for one in [*images, screen_capture(images[0])]]
    for number, file in enumerate([*whole, whole[0][:400]], start=1):
        blobs.put(f"received/{number}.dcm", file)
        found.append(Original(number, f"received/{number}.dcm", False))
    return blobs, found


def _file(ds: Dataset) -> bytes:
    stream = BytesIO()
    ds.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


# -- shares


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 200_000_000)), max_size=60),
    st.integers(1, 8),
)
def test_every_instance_is_in_one_share(sizes: list[tuple[int, int]], processes: int) -> None:
    """No more shares than processes; the series stay together, and no share has much more to do than another."""
    instances = [instance(number, f"1.{series}", size) for number, (series, size) in enumerate(sizes)]
    shares = shared(instances, processes)
    assert 1 <= len(shares) <= processes
    together = [one for share in shares for one in share]
    assert sorted(one.id or 0 for one in together) == [one.id for one in instances]
    order = list(dict.fromkeys(one.series_instance_uid for one in together))
    assert [one.series_instance_uid for one in together] == sorted(
        (one.series_instance_uid for one in together), key=order.index
    )
    if len(shares) > 1:
        work = [sum(500_000 + one.size for one in share) for share in shares]
        largest = max(500_000 + one.size for one in instances)
        assert max(work) <= sum(work) / len(shares) + largest


def test_small_studies_are_not_shared() -> None:
    """Sixty images are done before another process has learned what they have in common."""
    assert len(shared([instance(number, "1.1", 200_000) for number in range(60)], 8)) == 1
    assert len(shared([instance(number, "1.1", 200_000) for number in range(400)], 8)) == 4
    assert len(shared([instance(number, "1.1", 70_000_000) for number in range(2)], 8)) == 2


# -- what the processes do


def test_two_processes_make_what_one_makes(study: tuple[LocalBlobs, list[Original]], cores: Cores) -> None:
    """The same copies byte for byte, the same objects withheld with the same words, in two processes as in this one."""
    blobs, found = study
    whole = _share(blobs, found)
    alone = copies_of(whole)
    made = {one.prepared.blob: blobs.get(one.prepared.blob) for one in alone if isinstance(one, Copy)}
    for blob in made:
        blobs.delete(blob)
    halves = [replace(whole, originals=found[:30]), replace(whole, originals=found[30:])]
    together = [one for half in cores.each(copies_of, halves) for one in half]
    assert together == alone
    assert {blob: blobs.get(blob) for blob in made} == made
    assert {type(one) for one in alone} == {Copy, Withheld}
    for one in alone:
        if isinstance(one, Copy):
            file = made[one.prepared.blob]
            assert (one.size, one.sha256) == (len(file), hashlib.sha256(file).hexdigest())


def test_faces_go_in_every_process_and_nothing_else_is_changed_where_they_stay(
    tmp_path: Path, cores: Cores
) -> None:
    """Planes and mask reach the other process; each copy has as many bytes as the one that keeps its face."""
    blobs, found = LocalBlobs(tmp_path / "objects"), []
    for number, image in enumerate(head_series(only=slice(0, 42, 8)), start=1):
        blobs.put(f"received/{number}.dcm", _file(image))
        found.append(Original(number, f"received/{number}.dcm", False))
    whole = replace(_share(blobs, found), faces=true_faces())
    alone = copies_of(whole)
    assert all(isinstance(one, Copy) for one in alone)
    done = [one.actions for one in alone if isinstance(one, Copy)]
    assert {GONE, NOT_IN_IT} <= {action for actions in done for action in actions}
    halves = [replace(whole, originals=found[:3]), replace(whole, originals=found[3:])]
    assert [one for half in cores.each(copies_of, halves) for one in half] == alone


def test_identifying_values_are_put_together(study: tuple[LocalBlobs, list[Original]], cores: Cores) -> None:
    """What two processes found in halves of a study is what one finds in the whole."""
    blobs, found = study
    keys = [one.blob for one in found]
    joined = StudyValues()
    for part in cores.each(partial(values_in, blobs), [keys[:7], keys[7:]]):
        joined.join(part)
    alone = StudyValues()
    alone.join(values_in(blobs, keys))
    assert joined.values(-100) == alone.values(-100)
    assert len(joined.values(-100)) > 10


def test_a_leak_is_told_by_attribute_and_offset(study: tuple[LocalBlobs, list[Original]]) -> None:
    """A value that every copy has (here: its own pseudonym) withholds every image; nothing is written."""
    blobs, found = study
    values = StudyValues()
    values.join({(PATIENT.pseudonym, ValueKind.TEXT): "PatientID"})
    made = copies_of(replace(_share(blobs, found), values=values.values(None)))
    leaking = [one for one in made if isinstance(one, Leaking)]
    assert len(leaking) == len(found) - 2
    assert all({leak.attribute for leak in one.leaks} == {"PatientName", "PatientID"} for one in leaking)
    assert all(one.size > leak.offset > 132 for one in leaking for leak in one.leaks)
    assert not (blobs.folder / "prepared").exists()


COMPRESSED = {
    "many frames": JPEG2000Lossless,  # each in a fragment of its own
    "one frame": RLELossless,
}


def _large(blobs: LocalBlobs, hidden: bytes = b"", compressed: str = "") -> Share:
    """One image of 64 MB in an object store, with `hidden` in the middle of its pixels."""
    ds = phantom()[0]
    rows = 512 * 8 if compressed == "one frame" else 512
    ds.Rows, ds.Columns = rows, (64 << 20) // 2 // rows if compressed == "one frame" else 512
    frame = np.random.default_rng(1).integers(0, 1 << 16, 512 * 512, np.uint16)
    pixels = bytearray(frame.astype("<u2").tobytes() * 128)
    pixels[40_000_001 : 40_000_001 + len(hidden)] = hidden
    ds.NumberOfFrames, ds.PixelData = 1 if compressed == "one frame" else 128, bytes(pixels)
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 16, 15
    if compressed == "one frame":  # in runs of 128 bytes that are what they are
        runs = np.frombuffer(bytes(pixels), np.uint8).reshape(2, -1, 128)
        planes = np.insert(runs, 0, 127, axis=2).reshape(2, -1)
        head = struct.pack("<16L", 2, 64, 64 + planes.shape[1], *[0] * 13)
        ds.PixelData = encapsulate([head + planes.tobytes()], has_bot=False)
    elif compressed:
        code = imagecodecs.jpeg2k_encode(frame.reshape(512, 512), codecformat="j2k", reversible=True, level=0)
        ds.PixelData = encapsulate([bytes(code)] * 128)
    if compressed:
        ds.file_meta.TransferSyntaxUID = COMPRESSED[compressed]
    blobs.put("received/large.dcm", _file(ds))
    return _share(blobs, [Original(1, "received/large.dcm", False)])


def test_a_large_image_stays_on_the_disk(tmp_path: Path) -> None:
    """Its header and a few blocks are in memory, whatever its size, from reading values to the kept copy."""
    blobs = LocalBlobs(tmp_path / "objects")
    share = _large(blobs)
    tracemalloc.start()
    try:
        values = StudyValues()
        values.join(values_in(blobs, ["received/large.dcm"]))
        (made,) = copies_of(replace(share, values=values.values(-100)))
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()
    assert isinstance(made, Copy)
    file = blobs.get(made.prepared.blob)
    assert (made.size, made.sha256) == (len(file), hashlib.sha256(file).hexdigest())
    assert file[-60_000_000:] == blobs.get("received/large.dcm")[-60_000_000:]
    assert [path.name for path in blobs.folder.iterdir() if path.is_file()] == []


@pytest.mark.parametrize("how", COMPRESSED)
def test_a_large_compressed_image_stays_on_the_disk(tmp_path: Path, how: str) -> None:
    """Its fragments go from there to the process that accounts for their bytes."""
    blobs = LocalBlobs(tmp_path / "objects")
    share = _large(blobs, compressed=how)
    tracemalloc.start()
    try:
        (made,) = copies_of(share)
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()
    assert isinstance(made, Copy)
    assert made.size > 60_000_000


def test_a_file_system_without_nameless_files_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is put together in memory then, and is the same."""
    blobs = LocalBlobs(tmp_path / "objects")
    share = _large(blobs)
    (made,) = copies_of(share)
    assert isinstance(made, Copy)
    before = blobs.get(made.prepared.blob)
    opened = os.open

    def lacking(path: str | Path, flags: int, *more: int, **named: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        return opened(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", lacking)
    blobs.delete(made.prepared.blob)
    assert copies_of(share) == [made]
    assert blobs.get(made.prepared.blob) == before


def test_of_a_large_image_that_leaks_nothing_stays(tmp_path: Path) -> None:
    """A name in the middle of 64 MB of pixels is found where it is, and the copy is gone from the disk."""
    blobs = LocalBlobs(tmp_path / "objects")
    share = _large(blobs, hidden=b" MUSTERMANN ")
    values = StudyValues()
    values.join({("MUSTERMANN", ValueKind.NAME): "PatientName"})
    (made,) = copies_of(replace(share, values=values.values(None)))
    assert isinstance(made, Leaking)
    assert [leak.attribute for leak in made.leaks] == ["PixelData"]
    assert sorted(path.name for path in blobs.folder.rglob("*") if path.is_file()) == ["large.dcm"]


def test_a_profile_is_the_same_in_another_process() -> None:
    """What is sent is what it was compiled from; here it comes back as the very same one, layer included."""
    layered = (files("gateway") / "examples" / "no-sex.yaml").read_text("utf-8")
    for profile in (load_profile("pml-read"), load_profile("pml-read", layered)):
        assert pickle.loads(pickle.dumps(profile)) is profile


# -- the step


def test_a_case_is_prepared_by_two_processes(
    tmp_path: Path, cores: Cores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every image is forwarded once, and what cannot leave is listed, as when the worker does it alone."""
    monkeypatch.setattr(cores_module, "_LEAST_SHARE_BYTES", 1)
    images = phantom()
    with bench(tmp_path, cores=cores) as pipeline:
        pipeline.keep([*images, screen_capture(images[0])])
        case = pipeline.settled()
        assert (case.state, case.problem) == ("FORWARDED", "")
        assert len({str(copy.SOPInstanceUID) for copy in pipeline.copies()}) == len(images)
        assert [row.what for row in pipeline.held()] == ["Secondary Capture Image Storage"]
        assert case.manifest["prepared"] == len(images)


class _DiesOnce(Cores):
    """A process dies the first time."""

    died = False

    def each(self, do, orders):  # type: ignore[no-untyped-def]
        if do is copies_of and not self.died:
            self.died = True
            raise ProcessDied
        return super().each(do, orders)


def test_a_process_that_died_is_tried_again(tmp_path: Path) -> None:
    """The case waits with the reason, and goes on by itself."""
    with bench(tmp_path, cores=_DiesOnce(1)) as pipeline:
        pipeline.keep(phantom())
        case = pipeline.settled()
        assert case.state == "MATCHED"
        assert "a process that prepared copies died" in case.waiting_for
        assert case.problem == ""
        assert pipeline.settled().state == "FORWARDED"


def _share(blobs: LocalBlobs, found: list[Original]) -> Share:
    values = StudyValues()
    values.join(values_in(blobs, [one.blob for one in found]))
    kinds = {"2": "flair"}
    return Share(blobs, 1, load_profile("pml-read"), PATIENT, values.values(-100), kinds, kinds, found)
