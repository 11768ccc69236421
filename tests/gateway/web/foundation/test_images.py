"""Pictures: slices of de-identified copies in anatomical order, windows, and a loud answer when one cannot be shown."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.uid import RLELossless

from gateway.decoding import children
from gateway.records.blobs import LocalBlobs
from gateway.records.tables.cases import PreparedInstance
from gateway.web.foundation.images import PictureFailed, Pictures
from support.objects.dicom_files import encoded, mr_dataset
from support.web_gateway import ORIGINAL_UID, WebGateway, phantom


@pytest.fixture(scope="module")
def case_id(web: WebGateway) -> int:
    """A case with the copies of a small phantom study."""
    made = web.case()
    web.images(made, phantom())
    return made


def picture(web: WebGateway, path: str) -> Image.Image:
    """A PNG as the browser gets it."""
    answer = web.client("reader").get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text
    return Image.open(BytesIO(answer.content))


def test_series_are_listed_with_their_slices_and_copies_uids(web: WebGateway, case_id: int) -> None:
    """Named by what they were recognised as; UIDs are those of the copies."""
    study = web.client("reader").get(f"/api/cases/{case_id}/images").json()
    labels = [one["label"] for one in study["series"]]
    assert labels[0] == "FLAIR"
    assert "DWI" in labels
    for one in study["series"]:
        assert one["slices"] == len(one["uids"]) == len(one["b_values"]) > 0
        assert all(uid.startswith("2.25.") and ORIGINAL_UID not in uid for uid in one["uids"])
    diffusion = study["series"][labels.index("DWI")]["b_values"]
    assert diffusion == sorted(diffusion), "b0 first, then b1000"


def test_a_slice_shows_a_head(web: WebGateway, case_id: int) -> None:
    """Dark around, bright inside, in eight bits, and square."""
    image = picture(web, f"/cases/{case_id}/images/0/1.png")
    pixels = np.asarray(image)
    assert image.mode == "L"
    assert pixels[:5, :5].mean() < 20
    assert pixels[40:60, 40:60].mean() > 40


def test_windows_change_the_picture_and_thumbnails_are_small(web: WebGateway, case_id: int) -> None:
    """A preset is another picture; `small` is for the list of series."""
    standard = np.asarray(picture(web, f"/cases/{case_id}/images/0/1.png")).astype(int)
    bright = np.asarray(picture(web, f"/cases/{case_id}/images/0/1.png?window=bright")).astype(int)
    assert bright.mean() < standard.mean()
    assert picture(web, f"/cases/{case_id}/images/0/1.png?small=1").width <= 96


@pytest.mark.parametrize("path", ["9/0", "0/999", "0/-1", "-1/0"])
def test_a_slice_that_is_not_there_is_404(web: WebGateway, case_id: int, path: str) -> None:
    """Never another slice, never a crash."""
    assert web.client("reader").get(f"/cases/{case_id}/images/{path}.png").status_code == 404


def test_a_copy_that_cannot_be_decoded_is_told(web: WebGateway) -> None:
    """The page says so instead of showing black."""
    made = web.case()
    web.images(made, phantom()[:3])
    with web.database.read() as session:
        from sqlmodel import select

        blob = session.exec(select(PreparedInstance.blob).where(PreparedInstance.case_id == made)).first()
    assert blob is not None
    web.context.blobs.put(blob, web.context.blobs.get(blob)[:-2000])
    statuses = [
        web.client("reader").get(f"/cases/{made}/images/0/{number}.png").status_code for number in range(3)
    ]
    assert 400 in statuses
    assert set(statuses) <= {200, 400}


def test_a_picture_that_kills_its_decoder_is_told_and_the_next_is_shown(
    web: WebGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """400 with problem and fix, never 500; who looks at the next image sees it.

    While every process dies, of whatever file, it is said of the machine and asked again: no image is hidden by that.
    """
    made = web.case()
    web.images(made, [rle_slice(1)])
    here = children.SHARED
    dies = [sys.executable, "-S", "-c", "import os; os.abort()"]
    monkeypatch.setattr(here, "_program", dies)
    here.close()
    answer = web.client("reader").get(f"/cases/{made}/images/0/0.png")
    assert (answer.status_code, "tried again" in answer.text) == (429, True), answer.text
    monkeypatch.undo()
    assert (
        web.client("reader").get(f"/api/cases/{made}/images").status_code == 200
    )  # its headers are known now
    monkeypatch.setattr(here, "_program", dies)
    here.close()
    answer = web.client("reader").get(f"/cases/{made}/images/0/0.png")
    assert (answer.status_code, "decoder died" in answer.text) == (400, True), answer.text
    assert "workstation" in answer.text
    monkeypatch.undo()
    assert picture(web, f"/cases/{made}/images/0/0.png").size == (16, 16)


def test_a_case_without_copies_has_a_page(web: WebGateway) -> None:
    """Before the preparation there is nothing to see, and the page says when there will be."""
    made = web.case(pseudonym="")
    assert "No images yet" in web.client("reader").get(f"/cases/{made}").text


# ---------------------------------------------------------------- the order of slices, and one picture


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    """An empty store."""
    return LocalBlobs(tmp_path)


def copies(blobs: LocalBlobs, datasets: Sequence[Dataset]) -> list[PreparedInstance]:
    """De-identified copies of a case, in this order of arrival."""
    rows = []
    for number, dataset in enumerate(datasets):
        key = f"prepared/{len(list(blobs.keys('prepared')))}-{number}.dcm"
        blobs.put(key, encoded(dataset))
        rows.append(PreparedInstance(blob=key, sop_instance_uid=str(dataset.SOPInstanceUID)))
    return rows


def slice_of(number: int, **attributes: Any) -> Dataset:
    """One axial slice; each attribute overrides."""
    dataset = mr_dataset(number, uid=f"2.25.100{number}")
    dataset.ImageOrientationPatient, dataset.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, number]
    for name, value in attributes.items():
        setattr(dataset, name, value)
    return dataset


def rle_slice(number: int) -> Dataset:
    """A compressed axial slice."""
    dataset = slice_of(number)
    dataset.compress(RLELossless, generate_instance_uid=False)
    return dataset


def order(blobs: LocalBlobs, datasets: Sequence[Dataset]) -> list[str]:
    """The last figure of the UID of each slice of the first series, as they are scrolled."""
    study = Pictures(blobs).study(copies(blobs, datasets))
    return [one.sop_instance_uid.removeprefix("2.25.100") for one in study.series[0].slices]


def test_slices_lie_along_their_normal_whatever_their_numbers_say(blobs: LocalBlobs) -> None:
    """PS3.3 C.7.6.2.1.1: from the feet on, a sagittal stack from the right on, whichever way its normal points."""
    axial = [slice_of(n, InstanceNumber=9 - n) for n in (3, 1, 2)]
    assert order(blobs, axial) == ["1", "2", "3"]
    sagittal = [
        slice_of(n, ImageOrientationPatient=[0, 1, 0, 0, 0, -1], ImagePositionPatient=[-n, 5, 50])
        for n in (2, 3, 1)
    ]
    assert order(blobs, sagittal) == ["3", "2", "1"]


def test_slices_of_one_b_value_stay_together(blobs: LocalBlobs) -> None:
    """First b0 from below to above, then b1000; without one, by number where no position is known."""
    mixed = [
        slice_of(n, DiffusionBValue=float(b), ImagePositionPatient=[0, 0, z])
        for n, b, z in ((1, 1000, 1), (2, 0, 2), (3, 1000, 0), (4, 0, 0))
    ]
    assert order(blobs, mixed) == ["4", "2", "3", "1"]
    unplaced = [slice_of(n, InstanceNumber=10 - n) for n in (1, 2, 3)]
    for dataset in unplaced:
        del dataset.ImagePositionPatient
    assert order(blobs, unplaced) == ["3", "2", "1"]


def test_series_come_by_their_number_and_frames_count_as_slices(blobs: LocalBlobs) -> None:
    """An object without pixels is no series of pictures."""
    film = slice_of(
        1, SeriesInstanceUID="2.25.9", SeriesNumber=9, NumberOfFrames=3, PixelData=bytes(16 * 16 * 2 * 3)
    )
    single = slice_of(2, SeriesInstanceUID="2.25.8", SeriesNumber=2, SeriesDescription=" T2 ")
    text = slice_of(3, SeriesInstanceUID="2.25.7", SeriesNumber=None, Modality="SR")
    for keyword in ("PixelData", "Rows", "Columns"):
        del text[keyword]
    series = Pictures(blobs).study(copies(blobs, [film, single, text])).series
    assert [(one.number, one.series_number, one.description, len(one.slices)) for one in series] == [
        (0, 2, "T2", 1),
        (1, 9, "", 3),
    ]
    assert [one.frame for one in series[1].slices] == [0, 1, 2]


def group(**sequences: dict[str, Any]) -> Dataset:
    """A functional group: sequence keyword -> what its item says."""
    made = Dataset()
    for keyword, values in sequences.items():
        item = Dataset()
        for name, value in values.items():
            setattr(item, name, value)
        setattr(made, keyword, [item])
    return made


def multi_frame(**shared: dict[str, Any]) -> Dataset:
    """Three axial frames at 2, 0 and 1 mm, with 10, 20 and 30 in all of their pixels; `shared` functional groups."""
    image = slice_of(1, NumberOfFrames=3)
    del image.ImagePositionPatient, image.ImageOrientationPatient
    image.PixelData = b"".join(np.full((16, 16), value, "<u2").tobytes() for value in (10, 20, 30))
    orientation = {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
    image.SharedFunctionalGroupsSequence = [group(PlaneOrientationSequence=orientation, **shared)]
    image.PerFrameFunctionalGroupsSequence = [
        group(PlanePositionSequence={"ImagePositionPatient": [0, 0, place]}) for place in (2, 0, 1)
    ]
    return image


def test_frames_lie_along_their_normal_whatever_the_stored_order(blobs: LocalBlobs) -> None:
    """Enhanced MR says in functional groups where each frame lies; b-values of frames come first."""
    image = multi_frame()
    slices = Pictures(blobs).study(copies(blobs, [image])).series[0].slices
    assert [one.frame for one in slices] == [1, 2, 0]
    for number, b in enumerate((0.0, 1000.0, 0.0)):
        image.PerFrameFunctionalGroupsSequence[number].MRDiffusionSequence = group(
            MRDiffusionSequence={"DiffusionBValue": b}
        ).MRDiffusionSequence
    slices = Pictures(blobs).study(copies(blobs, [image])).series[0].slices
    assert [(one.frame, one.b_value) for one in slices] == [(2, 0.0), (0, 0.0), (1, 1000.0)]


def test_frames_are_shown_with_the_spacing_of_their_functional_groups(blobs: LocalBlobs) -> None:
    """Rows of 2 mm and columns of 1 mm: twice as high."""
    pictures = Pictures(blobs)
    study = pictures.study(copies(blobs, [multi_frame(PixelMeasuresSequence={"PixelSpacing": [2, 1]})]))
    assert Image.open(BytesIO(pictures.png(study, 0, 0, "full"))).size == (16, 32)


def test_frames_are_rescaled_one_by_one(blobs: LocalBlobs) -> None:
    """The frame at 1 mm has 30 and a slope of 1, the one at 0 mm has 20 and a slope of 3."""
    image = multi_frame()
    for number, slope in enumerate((6, 3, 1)):
        item = {"RescaleSlope": slope, "RescaleIntercept": 0, "RescaleType": "US"}
        image.PerFrameFunctionalGroupsSequence[number].update(group(PixelValueTransformationSequence=item))
    pictures = Pictures(blobs)
    study = pictures.study(copies(blobs, [image]))
    greys = [np.asarray(Image.open(BytesIO(pictures.png(study, 0, n, "full")))).mean() for n in range(3)]
    assert greys == [255, 0, 255]


@pytest.mark.parametrize("bits", [8, 16])
def test_a_palette_is_shown_in_its_colours(blobs: LocalBlobs, bits: int) -> None:
    """An entry of the tables is a colour, not a grey (PS3.3 C.7.9)."""
    image = slice_of(1, PhotometricInterpretation="PALETTE COLOR")
    image.PixelData = np.full((16, 16), 2, "<u2").tobytes()
    for colour, values in (("Red", (0, 1, 200, 3)), ("Green", (0, 2, 100, 3)), ("Blue", (0, 3, 50, 3))):
        entries = [value << 8 if bits == 16 else value for value in values]
        setattr(image, f"{colour}PaletteColorLookupTableDescriptor", [4, 0, bits])
        setattr(
            image,
            f"{colour}PaletteColorLookupTableData",
            np.array(entries, "<u2" if bits == 16 else "u1").tobytes(),
        )
    pictures = Pictures(blobs)
    study = pictures.study(copies(blobs, [image]))
    shown = np.asarray(Image.open(BytesIO(pictures.png(study, 0, 0, "auto"))))
    assert shown[0, 0].tolist() == [200, 100, 50]


def test_a_palette_without_tables_is_told(blobs: LocalBlobs) -> None:
    """Grey values nobody measured are no picture."""
    pictures = Pictures(blobs)
    study = pictures.study(copies(blobs, [slice_of(1, PhotometricInterpretation="PALETTE COLOR")]))
    with pytest.raises(PictureFailed):
        pictures.png(study, 0, 0, "full")


def test_a_header_that_promises_frames_makes_no_list_of_them(blobs: LocalBlobs) -> None:
    """Two thousand million slices would be all of the memory; the one that is listed says what is wrong."""
    pictures = Pictures(blobs)
    study = pictures.study(copies(blobs, [slice_of(1, NumberOfFrames=2147483647)]))
    assert len(study.series[0].slices) == 1
    with pytest.raises(PictureFailed, match="NumberOfFrames = 2147483647"):
        pictures.png(study, 0, 0, "full")


@pytest.mark.parametrize("broken", [{2}, {1, 2, 3}])
def test_a_slice_that_cannot_be_shown_takes_no_other_with_it(blobs: LocalBlobs, broken: set[int]) -> None:
    """The window of a series is that of the slices that can be."""
    pictures = Pictures(blobs)
    slices = [slice_of(n) for n in (1, 2, 3, 4)]
    for n in broken:
        slices[n - 1].PixelData = slices[n - 1].PixelData[:100]
    study = pictures.study(copies(blobs, slices))
    for number in range(4):
        if number + 1 in broken:
            with pytest.raises(PictureFailed):
                pictures.png(study, 0, number, "auto")
        else:
            assert Image.open(BytesIO(pictures.png(study, 0, number, "auto"))).size == (16, 16)


@pytest.mark.parametrize("spacing", [[1e6, 1e-6], [1e-6, 1e6], [-1, 1], ["1e308", "1e-308"]])
def test_a_spacing_that_no_scanner_has_stretches_nothing(blobs: LocalBlobs, spacing: list[float]) -> None:
    """A picture of as many rows would be all of the memory."""
    pictures = Pictures(blobs)
    study = pictures.study(copies(blobs, [slice_of(1, PixelSpacing=spacing)]))
    assert Image.open(BytesIO(pictures.png(study, 0, 0, "full"))).size == (16, 16)


def test_a_rescaling_that_is_none_is_told(blobs: LocalBlobs) -> None:
    """Two slopes for one image are a picture that cannot be shown, not an error of the page."""
    pictures = Pictures(blobs)
    study = pictures.study(copies(blobs, [slice_of(1, RescaleSlope=[1, 2])]))
    with pytest.raises(PictureFailed):
        pictures.png(study, 0, 0, "full")


def test_the_version_changes_with_the_copies(blobs: LocalBlobs) -> None:
    """So that an address with it may be kept by a browser; the same copies have the same."""
    rows = copies(blobs, [slice_of(1), slice_of(2)])
    pictures = Pictures(blobs)
    assert pictures.study(rows).version == pictures.study(rows).version
    assert pictures.study(rows).version != pictures.study(rows[:1]).version


def test_a_series_has_one_window(blobs: LocalBlobs) -> None:
    """A slice that is dark by itself stays dark beside the others: scrolling must not flicker."""
    dark, bright = (
        slice_of(n, PixelData=np.full((16, 16), value, "<u2").tobytes()) for n, value in ((1, 100), (2, 1000))
    )
    pictures = Pictures(blobs)
    study = pictures.study(copies(blobs, [dark, bright]))
    greys = [np.asarray(Image.open(BytesIO(pictures.png(study, 0, n, "full")))).mean() for n in (0, 1)]
    assert greys == [0, 255]


def test_stored_values_are_rescaled_before_they_are_compared(blobs: LocalBlobs) -> None:
    """RescaleSlope and RescaleIntercept may differ from slice to slice (PS3.3 C.11.1.1.2)."""
    pixels = np.full((16, 16), 100, "<u2").tobytes()
    pair = [
        slice_of(n, PixelData=pixels, RescaleSlope=slope, RescaleIntercept=0) for n, slope in ((1, 1), (2, 4))
    ]
    pictures = Pictures(blobs)
    study = pictures.study(copies(blobs, pair))
    greys = [np.asarray(Image.open(BytesIO(pictures.png(study, 0, n, "full")))).mean() for n in (0, 1)]
    assert greys == [0, 255]
