"""The planes for a study: the first series with a plausible brain, for each frame of reference."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset

from gateway.faces.brain import Brain, NoBrain
from gateway.faces.cut import HeadPlanes
from gateway.faces.head import Head
from gateway.faces.slices import not_cut
from gateway.faces.stacks import Volume
from gateway.faces.study import faces_of
from gateway.privacy.errors import Held
from support.objects.heads import (
    CORONAL,
    FRAME,
    SAGITTAL,
    head_series,
    mirrored,
    true_brain,
    true_head,
    turned,
)

BRAIN, HEAD = true_brain(), true_head()
KINDS = {2: "t1", 3: "flair"}


def kind(header: Dataset) -> str | None:
    """By SeriesNumber."""
    return KINDS.get(int(header.SeriesNumber))


@pytest.fixture
def study() -> list[Dataset]:
    """T1 and FLAIR of one head."""
    return [*head_series(number=3, gap=7.0), *head_series(number=2)]


def test_the_brain_of_the_first_plausible_series_gives_the_planes(study: list[Dataset]) -> None:
    """The T1 comes first; where no brain is in it, the FLAIR is looked at."""
    looked: list[int] = []

    def look(volume: Volume) -> tuple[Brain, Head]:
        looked.append(len(volume.values))
        if len(looked) == 1:
            raise NoBrain("what was taken for the brain has 12 ml")
        return BRAIN, HEAD

    faces = faces_of(enumerate(study), kind, study.__getitem__, look)
    assert looked == [42, 36]
    assert faces.planes == {FRAME: HeadPlanes.of(BRAIN)}
    assert faces.why_not == {}


def test_where_none_is_plausible_the_first_reason_is_kept(study: list[Dataset]) -> None:
    """It is told with every object that is held for it."""

    def look(volume: Volume) -> tuple[Brain, Head]:
        raise NoBrain(f"no brain was seen in {len(volume.values)} slices")

    faces = faces_of(enumerate(study), kind, study.__getitem__, look)
    assert (faces.planes, faces.why_not) == ({}, {FRAME: "no brain was seen in 42 slices"})


def test_a_series_that_cannot_be_read_is_a_reason_too(study: list[Dataset]) -> None:
    """Damage and pixels that cannot be decoded do not stop the study."""

    def read(number: int) -> Dataset:
        if study[number].SeriesNumber == 2:
            raise not_cut("it is damaged")
        study[number].PixelData = b"1234"
        return study[number]

    faces = faces_of(enumerate(study), kind, read, lambda _volume: (BRAIN, HEAD))
    assert "cannot be read: Its face cannot be taken out, because it is damaged" in faces.why_not[FRAME]


def test_a_study_without_a_whole_head_is_not_looked_at() -> None:
    """No process is started for a slab."""
    slab = head_series(number=2, only=slice(10, 14))
    faces = faces_of(enumerate(slab), kind, slab.__getitem__, lambda _volume: pytest.fail("looked"))
    assert (faces.planes, faces.why_not) == ({}, {})


LIES = {
    "feet first": mirrored("z"),
    "prone": mirrored("y", "x"),
    "nose on the other side": mirrored("y"),
    "lying on a side": turned("z", 90),
    "chin up by 40 degrees": turned("x", -40),
    "chin down by 40 degrees": turned("x", 40),
    "face to the feet": turned("x", 90),
    "face to the crown": turned("x", -90),
}


@pytest.mark.parametrize("lies", LIES.values(), ids=LIES)
def test_a_head_that_lies_otherwise_than_it_says_gives_no_planes(lies: NDArray[np.float64]) -> None:
    """Its brain is plausible, and the planes would leave the face."""
    study = head_series(number=2, lies=lies)
    seen = true_brain(lies=lies), true_head(lies)
    faces = faces_of(enumerate(study), kind, study.__getitem__, lambda _volume: seen)
    assert faces.planes == {}
    assert "lies as its coordinates say" in faces.why_not[FRAME]


@pytest.mark.parametrize("lies", LIES.values(), ids=LIES)
def test_a_series_that_lies_otherwise_than_the_head_is_not_cut(lies: NDArray[np.float64]) -> None:
    """The head was seen in another series; every object of this one is held with the reason."""
    honest, other = head_series(number=2, gap=7), head_series(SAGITTAL, number=9, gap=12, lies=lies)
    study = [*honest, *other]
    faces = faces_of(enumerate(study), kind, study.__getitem__, lambda _volume: (BRAIN, HEAD))
    faces.of(honest[0])
    for ds in other:
        with pytest.raises(Held, match="turned, mirrored or shifted"):
            faces.of(ds)


def test_every_honest_series_of_the_head_is_cut() -> None:
    """Sagittal, coronal and axial, thick and thin, the largest value the darkest, and a mirror of left and right."""
    study = [
        *head_series(number=2),
        *head_series(SAGITTAL, number=3),
        *head_series(CORONAL, number=4, gap=18),
    ]
    study += head_series(SAGITTAL, number=5, gap=12, lies=mirrored("x"))
    for ds in head_series(number=6, gap=12):
        ds.PhotometricInterpretation = "MONOCHROME1"
        ds.PixelData = (2000 - ds.pixel_array).astype("<u2").tobytes()
        study.append(ds)
    faces = faces_of(enumerate(study), kind, study.__getitem__, lambda _volume: (BRAIN, HEAD))
    for ds in study:
        faces.of(ds)


def test_a_series_without_a_brain_or_with_a_foreign_image_is_not_cut() -> None:
    """A slab below the brain, and a series of which one image has its nose behind."""
    below = head_series(number=8, only=slice(3, 6))
    mixed = head_series(number=9, only=slice(8, 30))
    mixed[4].PixelData = mixed[4].pixel_array[::-1].tobytes()
    study = [*head_series(number=2), *below, *mixed]  # slabs show no whole head
    faces = faces_of(enumerate(study), kind, study.__getitem__, lambda _volume: (BRAIN, HEAD))
    with pytest.raises(Held, match="no image of its series shows the brain"):
        faces.of(below[0])
    with pytest.raises(Held, match=r"bright in [0-9.]+ cm²"):
        faces.of(mixed[0])
