"""What stays here: whether the case stops for it, whether it may be released, and how the question is worded."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom import Dataset
from pydicom.uid import MRImageStorage, SecondaryCaptureImageStorage

from gateway.pipeline.steps.held_objects import (
    ALWAYS_STOP,
    LEAK,
    MOST_PLACES,
    class_name,
    held_object,
    leaking_object,
    question,
    relied_on,
    series_number,
)
from gateway.privacy.errors import Held, HeldReason
from gateway.privacy.leak_search.search import Leak
from gateway.records.tables.studies import Instance

NEEDED = frozenset({"2.25.2"})
PRIVATE = "1.3.46.670589.11.0.0.12.4"


def instance(sop_class_uid: str = MRImageStorage, series: str = "2.25.2") -> Instance:
    """An instance as the records have it."""
    return Instance(id=7, sop_class_uid=sop_class_uid, series_instance_uid=series, sop_instance_uid="2.25.3")


def header(**values: Any) -> Dataset:
    """A header of an MR image in series 4."""
    ds = Dataset()
    wanted = {"Modality": "MR", "SeriesInstanceUID": "2.25.2", "SeriesNumber": 4, "Rows": 64}
    for keyword, value in (wanted | values).items():
        setattr(ds, keyword, value)
    return ds


def why(reason: HeldReason = HeldReason.BURNED_IN_ANNOTATION, *, releasable: bool = True) -> Held:
    """The reason why an object is held."""
    return Held(f"Class {MRImageStorage} is held.", "Decide.", reason=reason, releasable=releasable)


def test_only_mr_series_that_meet_a_requirement_are_relied_on() -> None:
    """A capture with the same series number and a requirement that nothing meets count for nothing."""
    verdict = {"requirements": [{"by_series": 4}, {"by_series": None}, {}]}
    headers = [
        header(),
        header(SeriesInstanceUID="2.25.5", SeriesNumber=5),
        header(SeriesInstanceUID="2.25.6", Modality="OT"),
        header(SeriesInstanceUID="2.25.7", SeriesNumber=None),
    ]
    assert relied_on(headers, verdict) == NEEDED
    assert relied_on(headers, {}) == frozenset()


@pytest.mark.parametrize(
    ("seen", "number"),
    [(header(), 4), (header(SeriesNumber=None), None), (Dataset(), None), (None, None)],
)
def test_a_series_without_a_number_has_none(seen: Dataset | None, number: int | None) -> None:
    """A missing, an empty and an unreadable number are unknown, not 0."""
    assert series_number(seen) == number


@pytest.mark.parametrize(
    ("seen", "series", "reason", "stops"),
    [
        (header(), "2.25.2", HeldReason.BURNED_IN_ANNOTATION, True),
        (header(), "2.25.9", HeldReason.BURNED_IN_ANNOTATION, False),
        (header(Rows=None), "2.25.2", HeldReason.PRIVATE_SOP_CLASS, False),
        *((header(), "2.25.9", reason, True) for reason in sorted(ALWAYS_STOP)),
        (None, "2.25.9", HeldReason.SOP_CLASS, True),
    ],
)
def test_a_case_stops_for_what_the_reading_needs_or_nobody_can_judge(
    seen: Dataset | None, series: str, reason: HeldReason, stops: bool
) -> None:
    """Images of a series that the verdict relies on, damaged and unreadable objects: never incomplete in silence."""
    assert held_object(instance(series=series), seen, "T1", why(reason), NEEDED).stops_case is stops


@pytest.mark.parametrize(
    ("seen", "allowed", "releasable", "frames"),
    [
        (header(), True, True, 1),
        (header(NumberOfFrames=12), True, True, 12),
        (header(), False, False, 1),
        (header(Rows=0), True, False, 0),
        (None, True, False, 0),
    ],
)
def test_nobody_can_vouch_for_a_picture_that_cannot_be_shown(
    seen: Dataset | None, allowed: bool, releasable: bool, frames: int
) -> None:
    """Releasable is what the profile lets go and what has pixels to look at."""
    fact = held_object(instance(), seen, "", why(releasable=allowed), NEEDED)
    assert (fact.releasable, fact.frames) == (releasable, frames)


def test_the_problem_names_the_class_in_words() -> None:
    """A reader knows MR Image Storage, not its UID."""
    fact = held_object(instance(), header(), "T1", why(), NEEDED)
    assert fact.problem == "Class MR Image Storage is held."


def test_the_uid_of_a_private_class_is_not_shown() -> None:
    """A private UID tells the device; an unknown public one tells nothing to anybody."""
    names = [class_name(uid) for uid in (PRIVATE, "2.25.12345", SecondaryCaptureImageStorage)]
    assert names == ["private SOP class", "private SOP class", "Secondary Capture Image Storage"]


def test_a_leak_stops_the_case_and_is_named_by_place_only() -> None:
    """Each place once, at most ten of them, and no way to force it out."""
    leaks = [Leak("StudyDescription", offset) for offset in range(MOST_PLACES + 3)]
    fact = leaking_object(instance(series="2.25.9"), header(), "T1", [*leaks, leaks[0]])
    assert (fact.reason, fact.stops_case, fact.releasable) == (LEAK, True, False)
    assert fact.problem.count("StudyDescription at byte") == MOST_PLACES
    assert fact.problem.endswith("and 3 more.")


def test_objects_of_one_kind_are_asked_about_together() -> None:
    """Two images of one series are one sentence; an object without a series is in an unknown one."""
    fact = held_object(instance(), header(), "T1", why(), NEEDED)
    unknown = held_object(instance(), None, "", why(HeldReason.UNREADABLE, releasable=False), NEEDED)
    problem, fix = question([fact, fact, unknown])
    assert "2 images of series 4 (T1) are held: " in problem
    assert "1 image of an unknown series is held: " in problem
    assert "Release them or leave them out" in fix
    assert "Release" not in question([unknown])[1]


def test_a_leak_is_reported_to_the_maintainers() -> None:
    """The sender cannot mend a leak: the question does not ask for clean objects."""
    leak = leaking_object(instance(), header(), "T1", [Leak("StudyDescription", 3)])
    _, fix = question([leak])
    assert "maintainers" in fix
    assert "ask the sender" not in fix
