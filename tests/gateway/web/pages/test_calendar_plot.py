"""The plots of the surveillance page: every number drawn to its size and told in words, as SVG that may be shown."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from gateway.web.foundation.templates import words
from gateway.web.pages.calendar_plot import GAP, ORDER, WIDTH, month_bars, state_bar
from routing_rules.surveillance.due_dates import CalendarState, status
from routing_rules.surveillance.risk import PatientRisk
from routing_rules.surveillance.sites import SiteSummary, summaries
from routing_rules.surveillance.windows import LastMris
from support.records import NONE_DECLARED

SVG = "{http://www.w3.org/2000/svg}"
TODAY = date(2026, 11, 20)


def summary(months: tuple[tuple[str, int], ...] = (), site: str = "north", **counts: int) -> SiteSummary:
    """A site with so many patients of each state."""
    every = {state: counts.get(state.value, 0) for state in CalendarState}
    return SiteSummary(site, sum(every.values()), every, months)


def parts(drawn: str, name: str) -> list[ElementTree.Element]:
    """The elements of this name; the drawing is well-formed, or this fails."""
    return [one for one in ElementTree.fromstring(drawn).iter() if one.tag.removeprefix(SVG) == name]


def test_the_order_has_every_state() -> None:
    """No patient falls out of the bar."""
    assert set(ORDER) == set(CalendarState)


@pytest.mark.parametrize(
    "counts",
    [
        {"overdue": 1},
        {"missing": 1, "due": 3},
        {"missing": 2, "overdue": 1, "unknown_data": 9, "due": 4, "not_due": 84},
    ],
)
def test_each_state_takes_its_share_of_the_bar(counts: dict[str, int]) -> None:
    """Side by side with a gap between, from edge to edge; a state nobody is in has no part."""
    shown = parts(state_bar(summary(**counts)), "rect")
    edges = [(float(one.attrib["x"]), float(one.attrib["x"]) + float(one.attrib["width"])) for one in shown]
    assert edges[0][0] == 0
    assert edges[-1][1] == pytest.approx(WIDTH, abs=0.2)
    for (_, left), (right, _) in pairwise(edges):
        assert right - left == pytest.approx(GAP, abs=0.2)
    room = WIDTH - GAP * (len(counts) - 1)
    order = [state for state in ORDER if state.value in counts]
    for one, state in zip(shown, order, strict=True):
        assert one.attrib["class"] == f"is-{state}"
        assert float(one.attrib["width"]) == pytest.approx(
            room * counts[state] / sum(counts.values()), abs=0.1
        )


def test_every_number_is_also_text() -> None:
    """For whoever hears the page: the bar of states and that of months."""
    bar = state_bar(summary(overdue=3, due=2))
    label = ElementTree.fromstring(bar).attrib["aria-label"]
    assert label == "north: " + ", ".join(
        f"{ {CalendarState.OVERDUE: 3, CalendarState.DUE: 2}.get(state, 0) } {words(state).lower()}"
        for state in ORDER
    )
    months = month_bars(summary((("2026-11", 4), ("2026-12", 0)), overdue=4))
    assert "2026-11: 4, 2026-12: 0" in ElementTree.fromstring(months).attrib["aria-label"]


def test_the_months_are_drawn_to_their_numbers() -> None:
    """The highest fills the plot, the others their part of it; a month without an MRI has no bar and no number."""
    drawn = month_bars(summary((("2026-11", 4), ("2026-12", 0), ("2027-01", 1)), due=5))
    heights = [float(one.attrib["height"]) for one in parts(drawn, "rect")]
    assert heights[1] == pytest.approx(heights[0] / 4, abs=0.1)
    texts: dict[str, list[str | None]] = {}
    for one in parts(drawn, "text"):
        texts.setdefault(one.attrib["class"], []).append(one.text)
    assert texts == {"value": ["4", "1"], "month": ["Nov", "Dec", "Jan"], "year": ["2026", "2027"]}
    assert [one.attrib["class"] for one in parts(drawn, "rect")] == ["bar first", "bar later"]


@pytest.mark.parametrize("months", [(), (("2026-11", 0),)])
def test_nothing_to_draw_is_no_error(months: tuple[tuple[str, int], ...]) -> None:
    """A site whose patients need no MRI, and one without patients."""
    assert parts(month_bars(summary(months)), "rect") == []
    assert parts(state_bar(summary()), "rect") == []


def test_the_drawing_keeps_to_the_content_security_policy() -> None:
    """Classes, no style; the name of a site is text."""
    for drawn in (
        state_bar(summary(site="<b>&", due=1)),
        month_bars(summary((("2026-11", 1),), site="<b>&", due=1)),
    ):
        assert "style" not in drawn
        assert "<b>" not in drawn
        assert not re.search(r"\son\w+=", drawn)
        assert ElementTree.fromstring(drawn).attrib["aria-label"].startswith("<b>&")


def test_the_plot_of_a_year_ends_where_the_year_does() -> None:
    """Twelve months from any month, January with its year."""
    late = status(TODAY, PatientRisk(), LastMris(date(2025, 1, 1)), (), NONE_DECLARED.default)
    [late_site] = summaries([("n<rth", late)], TODAY)
    drawn = month_bars(late_site)
    assert drawn.count('class="month"') == 12
    assert drawn.count('class="bar') == 1
    assert ">2026<" in drawn
    assert ">2027<" in drawn
    assert "n&lt;rth" in drawn
    assert "n&lt;rth" in state_bar(late_site)
