"""The surveillance calendar as one viewer may see it: own site, every site, or numbers only."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import select

from gateway.records.accounts import Viewer
from gateway.records.tables.studies import Enrolment
from gateway.web.foundation.calendar_access import read_calendar
from routing_rules.surveillance.due_dates import CalendarState
from support.web_gateway import WebGateway


@pytest.fixture(autouse=True)
def enrolled(web: WebGateway) -> None:
    """One patient of each site, one of the north taken off, and one that the worker has not looked at."""
    with web.database.write("test") as session:
        for row in session.exec(select(Enrolment)):
            session.delete(row)
        session.flush()
        now = web.database.now(session)
        for site, mark, ended in (
            ("north", "a", None),
            ("south", "b", None),
            ("north", "c", now.date()),
            ("north", None, None),
        ):
            session.add(
                Enrolment(
                    site=site,
                    label=f"{site} {mark}",
                    pseudonym=f"PML-{mark}",
                    patient_hash=mark,
                    letter=b"sealed" if mark is None else None,
                    enrolled_by="test",
                    enrolled_on=date(2020, 1, 1),
                    ended_on=ended,
                    created_at=now,
                    updated_at=now,
                )
            )


def viewer(role: str, site: str = "") -> Viewer:
    """Somebody of a role."""
    return Viewer(1, "somebody", "Somebody", role, site)


@pytest.mark.parametrize(
    ("who", "asked", "labels"),
    [
        (viewer("coordinator", "north"), "", ["north None", "north a"]),
        (viewer("coordinator", "north"), "south", ["north None", "north a"]),
        (viewer("admin"), "", ["north None", "north a", "south b"]),
        (viewer("admin"), "south", ["south b"]),
        (viewer("lead"), "", []),
        (viewer("lead"), "south", []),
    ],
)
def test_who_sees_which_patients(web: WebGateway, who: Viewer, asked: str, labels: list[str]) -> None:
    """The own site whatever is asked for; a lead sees nobody of any site."""
    calendar = read_calendar(web.context, who, asked)
    assert sorted(row.label for row in calendar.patients) == labels


def test_a_lead_sees_how_sites_stand(web: WebGateway) -> None:
    """Numbers of those who are known; whom the worker has not looked at counts as soon as it has."""
    calendar = read_calendar(web.context, viewer("lead"))
    assert {
        site.site: (site.patients, site.counts[CalendarState.MISSING]) for site in calendar.summaries
    } == {
        "north": (1, 1),
        "south": (1, 1),
    }
    assert calendar.ended == ()


def test_those_taken_off_are_seen_by_whoever_may_enrol(web: WebGateway) -> None:
    """They count in no number."""
    calendar = read_calendar(web.context, viewer("coordinator", "north"))
    assert [row.label for row in calendar.ended] == ["north c"]
    assert [site.patients for site in calendar.summaries] == [1]
