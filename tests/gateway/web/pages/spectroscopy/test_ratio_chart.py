"""Ratios over the visits are those of the signed reports, and only voxels of one lesion are joined."""

from __future__ import annotations

from typing import Any

from gateway.records.views.prior_reports import PriorReport
from gateway.reporting.report import Report
from gateway.web.pages.spectroscopy.ratio_chart import PATTERN, Visit, charts, points, visits
from support.objects.reports import rich_report


def told(lip: str, lesion: int | None = 1) -> dict[str, Any]:
    """A signed report with one spectrum."""
    content: dict[str, Any] = rich_report().model_dump(mode="json")
    content["spectra"][0] |= {"lesion": lesion, "values": {"lip_cr": lip}}
    return content


PRIORS = (
    PriorReport(told("0.9"), 30),
    PriorReport(told("0.5"), 120),
    PriorReport(told("7"), 120, read_again=True),
    PriorReport(rich_report().model_dump(mode="json") | {"spectra": []}, 200),
)


def test_each_visit_counts_once_and_the_oldest_comes_first() -> None:
    """Of a study that was read again, the newest report; a report without spectra is no visit of theirs."""
    seen = visits(PRIORS)
    assert [visit.days for visit in seen] == [120, 30]
    today = Visit(0, Report.as_signed(told("1.5")).spectra)
    assert [(point.days, point.value) for point in points([*seen, today], "lip_cr")] == [
        (120, 0.5),
        (30, 0.9),
        (0, 1.5),
    ]
    assert points(seen, "naa_cr") == []


def test_one_plot_for_each_ratio_that_was_measured() -> None:
    """Every number is a text, too."""
    [plot] = charts(visits(PRIORS))
    assert "Lip/Cr: 0.5 120 days before (lesion 1); 0.9 30 days before (lesion 1)" in plot
    assert plot.count("<circle") == 2
    assert plot.count("<polyline") == 1
    assert charts([]) == []


def test_voxels_of_no_named_lesion_are_not_joined() -> None:
    """They may lie anywhere."""
    [plot] = charts(visits([PriorReport(told("0.9", None), 30), PriorReport(told("0.5", None), 60)]))
    assert (plot.count("<circle"), plot.count("<polyline")) == (2, 0)


def test_the_pattern_beside_it_has_its_source() -> None:
    """Each sentence is a statement of the table, cited."""
    assert len(PATTERN) == 5
    assert all(text and source for text, source in PATTERN)
