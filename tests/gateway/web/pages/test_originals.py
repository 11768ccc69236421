"""The picture of a held original: nothing in its pixels stays unseen, and what cannot be shown is told."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from gateway.errors import NotThere
from gateway.web.foundation.images import PictureFailed
from gateway.web.pages.originals import picture
from support.objects.dicom_files import encoded, mr_dataset


def grey(pixels: np.ndarray, **attributes: object) -> Dataset:
    """An image of these pixels, frames first when there are several."""
    dataset = mr_dataset(1)
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    if pixels.ndim == 3:
        dataset.NumberOfFrames = len(pixels)
    dataset.PixelData = pixels.astype("<u2").tobytes()
    for name, value in attributes.items():
        setattr(dataset, name, value)
    return dataset


def shown(dataset: Dataset, frame: int = 0, window: str = "full") -> np.ndarray:
    """The picture as numbers."""
    return np.asarray(Image.open(BytesIO(picture(encoded(dataset), frame, window))))


def test_every_value_has_a_grey_of_its_own_place() -> None:
    """Text that is a little brighter than the brightest tissue, or darker than air, is seen in the window "full"."""
    pixels = np.full((16, 16), 1000)
    pixels[0, 0], pixels[0, 1] = 0, 4000
    seen = shown(grey(pixels))
    assert (seen[0, 0], seen[0, 1], seen[8, 8]) == (0, 255, 64)
    narrow = shown(grey(pixels), window="auto")
    assert len(np.unique(narrow)) < 3


def test_a_picture_of_one_value_is_no_error() -> None:
    """An empty screen is looked at like any other."""
    assert shown(grey(np.full((16, 16), 7))).shape == (16, 16)


def test_each_frame_is_another_picture() -> None:
    """Counted from 0; a frame that is not there is not another one."""
    frames = np.stack([np.arange(256).reshape(16, 16) * factor for factor in (1, -1)]) + 300
    film = grey(frames)
    assert (shown(film, 0) == shown(film, 1)[::-1, ::-1]).all()
    for missing in (2, -1):
        with pytest.raises(NotThere) as refused:
            picture(encoded(film), missing, "full")
        assert refused.value.fix == "The object has 2, counted from 0."


def test_an_unknown_window_is_told_with_those_there_are() -> None:
    """Never another one."""
    with pytest.raises(NotThere) as refused:
        picture(encoded(grey(np.zeros((16, 16)))), 0, "x-ray")
    assert "full" in refused.value.fix


def test_what_is_dark_for_film_is_shown_as_it_is_meant() -> None:
    """MONOCHROME1: the smallest value is white (PS3.3 C.7.6.3.1.2)."""
    pixels = np.arange(256).reshape(16, 16)
    dark = shown(grey(pixels, PhotometricInterpretation="MONOCHROME1"))
    assert (dark[0, 0], dark[-1, -1]) == (255, 0)


def colour(bits: int = 8, **attributes: object) -> Dataset:
    """A screen capture: red above, blue below."""
    dataset = mr_dataset(1, sop_class=SecondaryCaptureImageStorage)
    full = 2**bits - 1
    pixels = np.zeros((16, 16, 3), f"<u{bits // 8}")
    pixels[:8, :, 0], pixels[8:, :, 2] = full, full
    dataset.Rows = dataset.Columns = 16
    dataset.SamplesPerPixel, dataset.PlanarConfiguration = 3, 0
    dataset.PhotometricInterpretation = "RGB"
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelData = pixels.tobytes()
    for name, value in attributes.items():
        setattr(dataset, name, value)
    return dataset


@pytest.mark.parametrize("bits", [8, 16])
def test_colour_is_shown_as_colour(bits: int) -> None:
    """A report on a screen is read in its colours, also in sixteen bits."""
    seen = shown(colour(bits))
    assert (seen[0, 0].tolist(), seen[-1, -1].tolist()) == ([255, 0, 0], [0, 0, 255])


def test_a_palette_is_applied() -> None:
    """PALETTE COLOR (PS3.3 C.7.6.3.1.5): the numbers are no greys."""
    dataset = colour()
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "PALETTE COLOR"
    del dataset.PlanarConfiguration
    dataset.PixelData = bytes([0] * 128 + [1] * 128)
    for name, table in (("Red", (255, 0)), ("Green", (0, 0)), ("Blue", (0, 255))):
        setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", [2, 0, 16])
        values = np.array(table, "<u2") * 257
        setattr(dataset, f"{name}PaletteColorLookupTableData", values.tobytes())
    seen = shown(dataset)
    assert (seen[0, 0].tolist(), seen[-1, -1].tolist()) == ([255, 0, 0], [0, 0, 255])


@pytest.mark.parametrize("cut", [100, 400])
def test_what_cannot_be_shown_says_that_it_cannot_be_released(cut: int) -> None:
    """Damaged pixels are no black picture: nobody could vouch for them."""
    with pytest.raises(PictureFailed) as failed:
        picture(encoded(grey(np.arange(256).reshape(16, 16)))[:-cut], 0, "full")
    assert "leave it out" in failed.value.fix
    assert "Probe" not in str(failed.value)


def test_an_object_without_pixels_cannot_be_shown() -> None:
    """As well as one that is no DICOM at all."""
    empty = mr_dataset(1)
    del empty.PixelData
    for file in (encoded(empty), b"no DICOM"):
        with pytest.raises(PictureFailed):
            picture(file, 0, "full")
