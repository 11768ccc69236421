"""Volumes over real sockets: what libraries read from them is what the copies hold, voxel by voxel and in mm."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Sequence
from typing import Any

import httpx
import nibabel
import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.uid import JPEGLSLossless, RLELossless

from gateway.imaging.nifti_header import LENGTH
from gateway.pipeline.jobs import pictures
from gateway.records import ledger
from gateway.records.tables.cases import Case
from gateway.records.views import picture_rows
from support.pictures import as_file, enhanced, make, put, ramp, slices, worker
from support.web_gateway import WebGateway

SHAPE = (5, 6, 7)
SCALES = [(1.0, 0.0), (2.0, -3.0), (0.5, 10.0), (4.0, 0.25), (1.5, 100.0)]


def stored_in(syntax: str, datasets: Sequence[Dataset]) -> list[Dataset]:
    """The same, compressed."""
    for ds in datasets:
        ds.compress(syntax, generate_instance_uid=False)
    return list(datasets)


COPIES: dict[str, Any] = {
    "unsigned 16 bit": lambda: slices(ramp(SHAPE, "uint16")),
    "signed, rescaled": lambda: slices(ramp(SHAPE, "int16"), RescaleSlope=2.5, RescaleIntercept=-7.0),
    "negatives": lambda: slices(ramp(SHAPE, "uint16"), PhotometricInterpretation="MONOCHROME1"),
    "8 bit": lambda: slices(ramp(SHAPE, "uint8")),
    "12 bit, overlay above": lambda: slices(ramp(SHAPE, "uint16"), BitsStored=12, HighBit=11),
    "signed 12 bit": lambda: slices(ramp(SHAPE, "int16"), BitsStored=12, HighBit=11),
    "slices of other scales": lambda: slices(
        ramp(SHAPE, "int16"), RescaleSlope=lambda at: SCALES[at][0], RescaleIntercept=lambda at: SCALES[at][1]
    ),
    "stored backwards": lambda: slices(ramp(SHAPE, "int16"))[::-1],
    "Enhanced, one scale": lambda: [enhanced(ramp(SHAPE, "int16"), [(3.0, 1.0)] * 5)],
    "Enhanced, scales of frames": lambda: [enhanced(ramp(SHAPE, "uint16"), SCALES)],
    "RLE": lambda: stored_in(RLELossless, slices(ramp(SHAPE, "int16"))),
    "JPEG-LS": lambda: stored_in(JPEGLSLossless, slices(ramp(SHAPE, "uint16") // 64)),
    "sagittal, mirrored": lambda: slices(
        ramp(SHAPE, "int16"),
        ImageOrientationPatient=[0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        ImagePositionPatient=lambda at: [12.0 - 2.5 * at, -30.0, 5.0],
    ),
}


def meant(datasets: Sequence[Dataset]) -> dict[tuple[float, ...], NDArray[np.float64]]:
    """What pydicom reads of the copies: rescaled values of each frame, by the place of its first voxel."""
    read = {}
    for dataset in datasets:
        ds = dcmread(as_file(dataset))
        if "PerFrameFunctionalGroupsSequence" not in ds:
            values = ds.pixel_array.astype(np.float64) * float(ds.get("RescaleSlope", 1))
            read[tuple(map(float, ds.ImagePositionPatient))] = values + float(ds.get("RescaleIntercept", 0))
            continue
        for frame, groups in enumerate(ds.PerFrameFunctionalGroupsSequence):
            rescaled = groups.PixelValueTransformationSequence[0]
            values = ds.pixel_array[frame].astype(np.float64) * float(rescaled.RescaleSlope)
            place = tuple(map(float, groups.PlanePositionSequence[0].ImagePositionPatient))
            read[place] = values + float(rescaled.RescaleIntercept)
    return read


def url_of(web: WebGateway, case_id: int, number: int = 0) -> str:
    """Where the index says that the volume of a stack is."""
    stacks = web.client("reader").get(f"/api/cases/{case_id}/images").json()["stacks"]
    return str(stacks[number]["volume"])


@pytest.fixture(scope="module")
def case_id(web: WebGateway) -> int:
    """A case whose volume is made."""
    made = web.case()
    put(web, made, slices(ramp((40, 64, 64), "int16"), RescaleSlope=2.0))
    make(web, made)
    return made


@pytest.mark.parametrize("name", COPIES)
def test_a_volume_holds_what_the_copies_hold(web: WebGateway, name: str, tmp_path: Any) -> None:
    """Each voxel by nibabel and by SimpleITK, at the place that the header of its frame says."""
    copies = COPIES[name]()
    made = web.case()
    put(web, made, copies)
    assert make(web, made) == 2
    answer = web.client("reader").get(url_of(web, made))
    assert answer.status_code == 200, answer.text
    image = nibabel.Nifti1Image.from_bytes(answer.content)
    values, affine = image.get_fdata(), image.affine
    path = tmp_path / "v.nii"
    path.write_bytes(answer.content)
    itk = SimpleITK.ReadImage(str(path))
    by_itk = SimpleITK.GetArrayFromImage(itk)
    frames = meant(copies)
    assert values.shape[2] == len(frames)
    for number in range(values.shape[2]):
        ras = affine @ [0, 0, number, 1]
        place = tuple(float(each) for each in np.round(ras[:3] * [-1, -1, 1], 4))
        assert place in frames, f"no frame begins at {place}"
        assert np.allclose(values[:, :, number].T, frames[place], rtol=1e-6)
        assert np.allclose(by_itk[number], frames[place], rtol=1e-6)
        assert np.allclose(itk.TransformIndexToPhysicalPoint((0, 0, number)), place, atol=1e-3)
    assert np.allclose(np.linalg.norm(affine[:3, :3], axis=0), [0.8, 0.9, 2.5], atol=1e-5)


def test_integers_stay_integers(web: WebGateway) -> None:
    """16 bits as they are stored, with their scale; only scales of their own need more, and the index says so."""
    told = {}
    for name in ("unsigned 16 bit", "8 bit", "signed, rescaled", "slices of other scales"):
        made = web.case()
        put(web, made, COPIES[name]())
        make(web, made)
        stack = web.client("reader").get(f"/api/cases/{made}/images").json()["stacks"][0]
        image = nibabel.Nifti1Image.from_bytes(web.client("reader").get(stack["volume"]).content)
        told[name] = (image.get_data_dtype().name, bool(stack["note"]))
    assert told == {
        "unsigned 16 bit": ("uint16", False),
        "8 bit": ("int16", False),
        "signed, rescaled": ("int16", False),
        "slices of other scales": ("float32", True),
    }


def raw(web: WebGateway, url: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """The answer with its bytes as they came over the socket."""
    with web.client("reader").stream(
        "GET", url, headers={"Accept-Encoding": "identity", **headers}
    ) as answer:
        return answer, b"".join(answer.iter_raw())


def test_it_is_sent_packed_as_it_lies(web: WebGateway, case_id: int) -> None:
    """Not a byte is compressed for the answer; who takes no gzip gets the same expanded."""
    url = url_of(web, case_id)
    answer, packed = raw(web, url, **{"Accept-Encoding": "gzip, deflate, br"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-length"] == str(len(packed))
    version = url.partition("v=")[2]
    key = picture_rows.volume_key(case_id, version, url.partition("/volumes/")[2].partition(".nii")[0])
    assert packed == web.context.blobs.get(key)
    plain, expanded = raw(web, url)
    assert "content-encoding" not in plain.headers
    assert expanded == gzip.decompress(packed)
    assert int(plain.headers["content-length"]) == len(expanded) == LENGTH + 40 * 64 * 64 * 2
    refused, again = raw(web, url, **{"Accept-Encoding": "gzip;q=0"})
    assert again == expanded
    assert plain.headers["etag"] == refused.headers["etag"] != answer.headers["etag"]
    assert plain.headers["cache-control"] == answer.headers["cache-control"] == "private, no-cache"
    assert "accept-encoding" in answer.headers["vary"].lower()


def test_who_has_it_is_told_so_in_few_bytes(web: WebGateway, case_id: int) -> None:
    """304 for the ETag of the same encoding only."""
    url = url_of(web, case_id)
    etag = raw(web, url)[0].headers["etag"]
    assert raw(web, url, **{"If-None-Match": etag})[0].status_code == 304
    assert raw(web, url, **{"If-None-Match": etag, "Accept-Encoding": "gzip"})[0].status_code == 200


def test_parts_are_read_by_range(web: WebGateway, case_id: int) -> None:
    """The header, a slice in the middle, the end; what lies behind the end is 416; several ranges get all of it."""
    url = url_of(web, case_id)
    whole = raw(web, url)[1]
    size = len(whole)
    for asked, start, stop in (
        ("bytes=0-351", 0, 352),
        ("bytes=82272-90463", 82272, 90464),
        ("bytes=-10", size - 10, size),
        (f"bytes={size - 5}-", size - 5, size),
        (f"bytes=100-{size * 2}", 100, size),
    ):
        answer, part = raw(web, url, Range=asked)
        assert (answer.status_code, part) == (206, whole[start:stop])
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"
    assert raw(web, url, Range="bytes=0-9", **{"Accept-Encoding": "gzip"})[1] == whole[:10]
    behind, nothing = raw(web, url, Range=f"bytes={size}-")
    assert (behind.status_code, behind.headers["content-range"], nothing) == (416, f"bytes */{size}", b"")
    for all_of_it in ("bytes=0-1,5-6", "bytes=5-2", "lines=1-2", "bytes=a-b"):
        answer, content = raw(web, url, Range=all_of_it)
        assert (answer.status_code, content) == (200, whole)
    etag = raw(web, url)[0].headers["etag"]
    assert raw(web, url, Range="bytes=0-9", **{"If-Range": etag})[0].status_code == 206
    assert raw(web, url, Range="bytes=0-9", **{"If-Range": '"other"'})[0].status_code == 200


def test_volumes_are_for_who_may_see_the_case(web: WebGateway) -> None:
    """Another site's coordinator is told that there is no such case; without a session there is nothing."""
    made = web.case(site="north")
    put(web, made, slices(ramp(SHAPE, "int16")))
    make(web, made)
    url = url_of(web, made)
    frame = url.replace("/volumes/", "/frames/").replace(".nii", "/0.bin")
    for path in (url, frame):
        assert web.client("north").get(path).status_code == 200
        elsewhere = web.client("south").get(path)
        assert elsewhere.status_code == 404
        assert f"There is no case {made}" in elsewhere.json()["detail"]
        nobody = web.client().get(path)
        assert nobody.status_code == 401
        assert "www-authenticate" not in nobody.headers, "a browser would ask for a password"


def test_of_a_forgotten_patient_nothing_is_served(web: WebGateway) -> None:
    """At once, whatever still lies on the disk."""
    made = web.case()
    put(web, made, slices(ramp(SHAPE, "int16")))
    make(web, made)
    url = url_of(web, made)
    with web.database.write("test_forgotten") as session:
        session.get_one(Case, made).forgotten_at = web.database.now(session)
    for path in (url, url.partition("?")[0], url.replace("/volumes/", "/frames/").replace(".nii", "/0.bin")):
        assert web.client("reader").get(path).status_code == 404
    assert not ledger.want_pictures(web.database, made, again=True)


def test_while_it_is_made_the_answer_says_when_to_ask_again(web: WebGateway) -> None:
    """503 with Retry-After before the index, before the volume; then 200. Looking is enough to have it made."""
    made = web.case()
    put(web, made, slices(ramp(SHAPE, "int16")))
    client = web.client("reader")
    url = url_of(web, made)
    for _ in range(2):
        answer = client.get(url)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert int(answer.headers["retry-after"]) >= 1
        assert "being made" in answer.json()["detail"]
        assert pictures.make_one(worker(web))
    assert client.get(url).status_code == 200
    assert not pictures.make_one(worker(web))


def test_what_is_no_volume_says_why(web: WebGateway) -> None:
    """Missing slices, colours, an unknown stack, copies of before: 404 with the reason in words."""
    made = web.case()
    gap = slices(ramp(SHAPE, "int16"))
    del gap[2]
    put(web, made, gap)
    make(web, made)
    client = web.client("reader")
    listed = client.get(f"/api/cases/{made}/images").json()
    [stack] = listed["stacks"]
    assert stack["volume"] is None
    assert "slices are missing" in stack["why"]
    answer = client.get(f"/cases/{made}/volumes/{stack['key']}.nii")
    assert (answer.status_code, "slices are missing" in answer.json()["detail"]) == (404, True)
    assert client.get(f"/cases/{made}/volumes/s9-9.nii").status_code == 404
    assert client.get(f"/cases/{made}/volumes/..%2Findex-2.nii").status_code == 404
    before = client.get(f"/cases/{made}/volumes/{stack['key']}.nii?v=0123456789abcdef")
    assert "not the case's any more" in before.json()["detail"]


def test_a_stack_that_cannot_be_decoded_takes_no_other_with_it(web: WebGateway) -> None:
    """It has no volume and says why; the other one has, and the work has an end."""
    made = web.case()
    broken = slices(ramp(SHAPE, "int16"), SeriesNumber=1)
    for ds in broken:
        ds.PixelData = ds.PixelData[:20]
    put(web, made, [*broken, *slices(ramp(SHAPE, "int16"), SeriesNumber=2)])
    assert make(web, made) == 3
    client = web.client("reader")
    listed = client.get(f"/api/cases/{made}/images").json()
    assert listed["made"]
    first, second = listed["stacks"]
    assert first["volume"] is None
    assert first["why"]
    assert client.get(second["volume"]).status_code == 200


def test_a_volume_that_is_gone_from_the_disk_is_made_again(web: WebGateway) -> None:
    """After a restored disk: who asks is told to come again, and the worker makes it."""
    made = web.case()
    put(web, made, slices(ramp(SHAPE, "int16")))
    make(web, made)
    url, client = url_of(web, made), web.client("reader")
    version = url.partition("v=")[2]
    for key in list(web.context.blobs.keys(picture_rows.folder_of(made))):
        web.context.blobs.delete(key)
    assert client.get(url).status_code == 503
    while pictures.make_one(worker(web)):
        pass
    assert client.get(url).status_code == 200
    assert url_of(web, made).partition("v=")[2] == version


def test_serving_a_large_volume_takes_no_memory(web: WebGateway) -> None:
    """160 x 512 x 512: packed, expanded, and a part of it, a few pieces at a time."""
    made = web.case()
    plane = (np.arange(512 * 512, dtype="<u4") * 2654435761 % 4093).astype("<i2").reshape(512, 512)
    put(web, made, [enhanced(np.stack([np.roll(plane, at) for at in range(160)]), [(1.0, 0.0)] * 160)])
    make(web, made)
    client, url = web.client("reader"), url_of(web, made)
    tracemalloc.start()
    sizes = []
    for headers in (
        {"Accept-Encoding": "gzip"},
        {"Accept-Encoding": "identity"},
        {"Accept-Encoding": "identity", "Range": "bytes=1000000-60999999"},
    ):
        with client.stream("GET", url, headers=headers) as answer:
            sizes.append(sum(len(piece) for piece in answer.iter_raw()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sizes[1:] == [LENGTH + 160 * 512 * 512 * 2, 60_000_000]
    assert peak < 12_000_000
