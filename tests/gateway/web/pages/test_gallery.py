"""The pictures of a case: named by what they were recognised as, and for whoever may see the case only."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from pydicom import Dataset

from gateway.records.accounts import Viewer
from gateway.records.views.case_rows import CasePage
from gateway.web.foundation.case_access import open_case
from gateway.web.foundation.images import SeriesOfImages, Slice, StudyOfImages
from gateway.web.pages.gallery import viewer_series
from support.web_gateway import WebGateway, phantom

READER = Viewer(1, "reader", "Reader", "reader", "")


@pytest.fixture
def page(web: WebGateway) -> CasePage:
    """A case with one recognised series, one that was not, and one without pictures."""
    series = [{"series_number": 2, "kind": "flair"}, {"series_number": 3, "kind": "other"}]
    return open_case(web.context, READER, web.case(series=series)).page


def series(number: int, series_number: int, description: str, slices: int = 1) -> SeriesOfImages:
    """A series of the copies."""
    shown = tuple(Slice("blob", frame, "2.25.1", None) for frame in range(slices))
    return SeriesOfImages(number, series_number, description, "MR", shown)


@pytest.mark.parametrize(
    ("given", "label"),
    [
        (series(0, 2, "ax t2 dark fluid"), "FLAIR"),
        (series(0, 3, "survey"), "survey"),
        (series(0, 3, ""), "Series 1"),
        (series(4, 99, ""), "Series 5"),
        (series(4, 99, "from elsewhere"), "from elsewhere"),
    ],
)
def test_a_series_is_called_what_it_was_recognised_as(
    page: CasePage, given: SeriesOfImages, label: str
) -> None:
    """Else as the copies describe it, else by its place."""
    [shown] = viewer_series(StudyOfImages("v", (given,)), page)
    assert (shown.label, shown.number, shown.slices) == (label, given.number, 1)


def test_a_series_without_pictures_is_not_offered(page: CasePage) -> None:
    """The numbers of the others stay: they are part of a picture's address."""
    study = StudyOfImages("v", (series(0, 2, "", 0), series(1, 3, "survey", 2)))
    assert [(one.number, one.slices) for one in viewer_series(study, page)] == [(1, 2)]


def test_a_series_begins_in_the_middle_of_its_highest_b_value() -> None:
    """The middle of all images would be an end of the head where the stacks of two b-values follow one another."""
    for b_values, begins in {
        (0.0, 0.0, 0.0, 1000.0, 1000.0, 1000.0): 4,
        (None, None, None, 1000.0, 1000.0, 1000.0): 4,
        (0.0, 0.0, 0.0, 0.0, 1000.0): 4,
        (None, None, None, None, None): 2,
        (1000.0,): 0,
        (): 0,
    }.items():
        slices = tuple(Slice("blob", frame, "2.25.1", b_value) for frame, b_value in enumerate(b_values))
        assert SeriesOfImages(0, 2, "", "MR", slices).begins == begins


def test_the_page_begins_where_the_series_says(web: WebGateway) -> None:
    """Thumbnail, first picture and what the viewer begins with, without its script too."""
    case_id = web.case()
    web.images(case_id, [two_b_values(number) for number in range(6)])
    page = web.client("reader").get(f"/cases/{case_id}").text
    assert f"/cases/{case_id}/images/0/4.png?small=1" in page
    assert 'data-begins="4"' in page
    assert "5 / 6" in page


def two_b_values(number: int) -> Dataset:
    """One of six images: three places with b 0, and the same three with b 1000."""
    ds = deepcopy(phantom()[0])
    ds.SOPInstanceUID = f"2.25.77{number}"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.InstanceNumber = number + 1
    ds.ImagePositionPatient = [0, 0, 5 * (number % 3)]
    ds.DiffusionBValue = float(1000 * (number // 3))
    return ds


def test_nothing_recognised_is_no_error(page: CasePage) -> None:
    """Before the study was routed."""
    unknown = replace(page, series=())
    assert [one.label for one in viewer_series(StudyOfImages("v", (series(0, 2, ""),)), unknown)] == [
        "Series 1"
    ]


def test_pictures_are_for_who_may_see_the_case(web: WebGateway) -> None:
    """By the browser that fetched them only, and asked for again each time; another site's are not there."""
    case_id = web.case(site="north")
    web.images(case_id, phantom()[:2])
    north, path = web.client("north"), f"/cases/{case_id}/images/0/0.png"
    answer = north.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-cache")
    known = {"If-None-Match": answer.headers["etag"]}
    assert north.get(path, headers=known).status_code == 304
    assert north.get(f"{path}?small=1", headers=known).status_code == 200
    assert web.client("south").get(path, headers=known).status_code == 404
    north.cookies.clear()
    assert north.get(path, headers=known, follow_redirects=False).status_code not in (200, 304)
    south = web.client("south")
    for path in (f"/cases/{case_id}/images/0/0.png", f"/api/cases/{case_id}/images"):
        assert south.get(path).status_code == 404


def test_the_pictures_of_a_forgotten_patient_are_gone(web: WebGateway) -> None:
    """At once, whatever is still on the disk."""
    case_id = web.case()
    web.images(case_id, phantom()[:2])
    reader = web.client("reader")
    assert len(reader.get(f"/api/cases/{case_id}/images").json()["series"]) == 1
    with web.database.write("test_forgotten") as session:
        from gateway.records.tables.cases import Case

        session.get_one(Case, case_id).forgotten_at = web.database.now(session)
    told: dict[str, Any] = reader.get(f"/api/cases/{case_id}/images").json()
    assert told["series"] == []
    assert reader.get(f"/cases/{case_id}/images/0/0.png").status_code == 404
