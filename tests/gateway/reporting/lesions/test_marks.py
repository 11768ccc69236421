"""Marks of a lesion: what one is made of, and that form, report and record hold the same."""

from __future__ import annotations

import json
from decimal import Decimal
from math import dist
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.errors import InvalidReport
from gateway.reporting.example import phantom_form
from gateway.reporting.lesions.marks import (
    Mark,
    MarkKind,
    key_image,
    longest_axis,
    marked_volume,
    place_in_words,
)
from gateway.reporting.report import Report, report_from_form, report_to_form

COORDINATES = st.floats(-250, 250, allow_nan=False)
POINTS = st.tuples(COORDINATES, COORDINATES, COORDINATES)
WHERE = {"series": "2.25.1", "uid": "2.25.2", "frame": 21, "frame_of_reference": "2.25.3"}
CORNERS = [[0, 0, 0], [10, 0, 0], [0, 10, 0]]


@st.composite
def marks(draw: st.DrawFn) -> dict[str, Any]:
    """Any mark, as the viewer sends it."""
    kind = draw(st.sampled_from(list(MarkKind)))
    mark: dict[str, Any] = {"kind": kind.value, **WHERE, "points": [draw(POINTS)]}
    if draw(st.booleans()):
        del mark["frame"], mark["frame_of_reference"]
    if kind is MarkKind.LONG_AXIS:
        x, y, z = mark["points"][0]
        mark["points"].append([x + draw(st.floats(1, 50)), y, z])
    if kind is MarkKind.REGION:
        corners = st.lists(POINTS, min_size=3, max_size=8)
        outline = st.fixed_dictionaries({"uid": st.just("2.25.2"), "frame": st.just(21), "points": corners})
        mark["outlines"] = draw(st.lists(outline, min_size=1, max_size=3))
        mark["volume_ml"] = str(draw(st.decimals("0.001", 100, places=3)))
        mark["method"] = draw(st.sampled_from(["threshold", "brush"]))
    return mark


@given(st.lists(marks(), max_size=4))
def test_marks_are_the_same_in_form_report_and_record(sent: list[dict[str, Any]]) -> None:
    """Form to report, report to form, and what is stored: nothing is lost, nothing moves."""
    form = phantom_form() | {"lesions.0.long_axis_mm": "", "lesions.0.marks": [json.dumps(m) for m in sent]}
    report = report_from_form(
        form | {"lesions.0.volume_cm3": ""} | ({"reasons.volume_against_mark": ""} if sent else {})
    )
    kept = report.lesions[0].marks
    assert [mark.kind.value for mark in kept] == [mark["kind"] for mark in sent]
    for mark, was in zip(kept, sent, strict=True):
        assert all(dist(a, b) <= 0.01 for a, b in zip(mark.points, was["points"], strict=True))
    assert report_from_form(report_to_form(report)) == report
    stored = json.loads(json.dumps(report.model_dump(mode="json")))
    assert Report.as_signed(stored) == report
    assert [Mark.model_validate(mark.text) for mark in kept] == list(kept)


def test_two_frames_of_one_object_are_two_key_images_and_two_marks() -> None:
    """Frame 21 and frame 71 of one Enhanced object; one without a frame stays without, and is not the first."""
    form = phantom_form() | {
        "lesions.0.key_images": ["2.25.2#21", "2.25.2#71", "2.25.9"],
        "lesions.0.marks": [
            json.dumps({"kind": "point", **WHERE, "frame": frame, "points": [[1, 2, frame]]})
            for frame in (21, 71)
        ],
    }
    lesion = report_from_form(report_to_form(report_from_form(form))).lesions[0]
    assert [key_image(each) for each in lesion.key_images] == [
        ("2.25.2", 21),
        ("2.25.2", 71),
        ("2.25.9", None),
    ]
    assert [mark.frame for mark in lesion.marks] == [21, 71]


@pytest.mark.parametrize("text", ["2.25.2#0", "2.25.2#", "2.25.2#-1", "2.25.2#1.0", "#1", "2.25.2#123456"])
def test_a_frame_is_a_number_from_one(text: str) -> None:
    """What is no frame is refused, never read as another one."""
    with pytest.raises(InvalidReport):
        report_from_form(phantom_form() | {"lesions.0.key_images": [text]})


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": []},
        {"points": CORNERS[:2]},
        {"kind": "long_axis", "points": CORNERS[:1]},
        {"kind": "long_axis", "points": [CORNERS[0]] * 2},
        {"kind": "region"},
        {"kind": "region", "outlines": [{"uid": "2.25.2", "points": CORNERS}], "volume_ml": "1"},
        {"kind": "region", "outlines": [], "volume_ml": "1", "method": "brush"},
        {"volume_ml": "1"},
        {"frame": 0},
        {"series": "PML"},
        {"points": [[0, 0, "NaN"]]},
        {"points": [[0, 0, 1e9]]},
        {"colour": "red"},
    ],
)
def test_what_is_no_mark_is_refused(wrong: dict[str, Any]) -> None:
    """Each kind has its own points, and only a region its outlines."""
    right = {"kind": "point", **WHERE, "points": CORNERS[:1]}
    assert Mark.model_validate(right)
    with pytest.raises(ValidationError):
        Mark.model_validate(right | wrong)


@pytest.mark.parametrize("text", ["", "no mark", "[]", "{", "null", "[" * 100_000])
def test_text_that_is_no_mark_is_refused(text: str) -> None:
    """Whatever a client sends, nothing but a problem comes of it."""
    with pytest.raises(ValidationError):
        Mark.model_validate(text)


def test_a_mark_says_what_and_where_in_words() -> None:
    """Sides by their letters; a long axis by its length; the measures of several marks."""
    axis = Mark.model_validate({"kind": "long_axis", **WHERE, "points": [[-33, -37, 33], [-30, -33, 33]]})
    assert axis.length_mm == Decimal("5.0")
    assert axis.told == "Long axis 5.0 mm, from R 33.0 A 37.0 S 33.0 mm to R 30.0 A 33.0 S 33.0 mm"
    assert Mark.model_validate({"kind": "point", **WHERE, "points": [[1, 2, 3]]}).told.startswith(
        "Point at L"
    )
    assert place_in_words((12.34, 5, -7)) == "L 12.3 P 5.0 I 7.0 mm"
    region = {
        "kind": "region",
        **WHERE,
        "points": CORNERS[:1],
        "outlines": [{"uid": "2.25.2", "points": CORNERS}],
        "volume_ml": "1.25",
        "method": "brush",
    }
    regions = [Mark.model_validate(region), Mark.model_validate(region | {"volume_ml": "0.75"})]
    assert longest_axis([axis, *regions]) == Decimal("5.0")
    assert marked_volume([axis, *regions]) == Decimal(2)
    assert longest_axis(regions) is marked_volume([axis]) is None


def test_another_axis_than_the_drawn_one_is_asked_about() -> None:
    """A reader may know better than the ruler, and says why."""
    axis = json.dumps({"kind": "long_axis", **WHERE, "points": [[0, 0, 0], [40, 0, 0]]})
    form = phantom_form() | {"lesions.0.marks": [axis], "lesions.0.long_axis_mm": "40.9"}
    assert report_from_form(form).lesions[0].long_axis_mm == Decimal("40.9")
    form["lesions.0.long_axis_mm"] = "50"
    with pytest.raises(InvalidReport) as refused:
        report_from_form(form)
    assert "is not the one that was drawn" in str(refused.value)
    assert report_from_form(form | {"reasons.axis_against_mark": "Measured in the coronal plane."})


def test_another_volume_than_the_marked_one_is_asked_about_and_none_is_beyond_a_head() -> None:
    """A tenth is within what an edge leaves open."""
    region = {
        "kind": "region",
        **WHERE,
        "points": CORNERS[:1],
        "outlines": [{"uid": "2.25.2", "points": CORNERS}],
        "volume_ml": "10",
        "method": "threshold",
    }
    form = phantom_form() | {"lesions.0.marks": [json.dumps(region)], "lesions.0.volume_cm3": "10.9"}
    assert report_from_form(form)
    with pytest.raises(InvalidReport) as refused:
        report_from_form(form | {"lesions.0.volume_cm3": "20"})
    assert "is not that of the marked regions" in str(refused.value)
    with pytest.raises(InvalidReport) as refused:
        report_from_form(form | {"lesions.0.marks": [json.dumps(region | {"volume_ml": "2001"})]})
    assert "no lesion is larger than a brain" in str(refused.value)


def test_a_report_of_before_there_were_marks_is_read_as_it_was() -> None:
    """Stored content without marks and with key images without frames."""
    content = report_from_form(phantom_form() | {"lesions.0.key_images": ["2.25.7"]}).model_dump(mode="json")
    del content["lesions"][0]["marks"]
    lesion = Report.as_signed(content).lesions[0]
    assert lesion.marks == ()
    assert [key_image(each) for each in lesion.key_images] == [("2.25.7", None)]
