"""The planes for a study: the first series with a plausible brain, for each frame of reference."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from gateway.faces.brain import Brain, NoBrain
from gateway.faces.cut import HeadPlanes
from gateway.faces.slices import not_cut
from gateway.faces.stacks import Volume
from gateway.faces.study import faces_of
from support.objects.heads import FRAME, head_series, true_brain

BRAIN = true_brain()
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

    def look(volume: Volume) -> Brain:
        looked.append(len(volume.values))
        if len(looked) == 1:
            raise NoBrain("what was taken for the brain has 12 ml")
        return BRAIN

    faces = faces_of(enumerate(study), kind, study.__getitem__, look)
    assert looked == [42, 36]
    assert faces.planes == {FRAME: HeadPlanes.of(BRAIN)}
    assert faces.why_not == {}


def test_where_none_is_plausible_the_first_reason_is_kept(study: list[Dataset]) -> None:
    """It is told with every object that is held for it."""

    def look(volume: Volume) -> Brain:
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

    faces = faces_of(enumerate(study), kind, read, lambda _volume: BRAIN)
    assert "cannot be read: Its face cannot be taken out, because it is damaged" in faces.why_not[FRAME]


def test_a_study_without_a_whole_head_is_not_looked_at() -> None:
    """No process is started for a slab."""
    slab = head_series(number=2, only=slice(10, 14))
    faces = faces_of(enumerate(slab), kind, slab.__getitem__, lambda _volume: pytest.fail("looked"))
    assert (faces.planes, faces.why_not) == ({}, {})
