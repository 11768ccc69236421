"""Enrolling: for which sites, what is refused, and that nothing is kept of what was refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from gateway.errors import Invalid, NotThere
from gateway.pipeline.steps.calendar import open_letters
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.tables.studies import Enrolment
from gateway.web.foundation import enrolling
from gateway.web.foundation.calendar_access import read_calendar
from routing_rules.surveillance.enrolment_csv import read_risk
from routing_rules.surveillance.risk import JcvStatus
from support.web_gateway import WebGateway

KEY = PseudonymKey(b"k" * 32, "test")
NORTH = Viewer(1, "north", "North", "coordinator", "north")
SOUTH = Viewer(2, "south", "South", "coordinator", "south")
ADMIN = Viewer(3, "admin", "Admin", "admin", "")
LEAD = Viewer(4, "lead", "Lead", "lead", "")


@pytest.fixture(autouse=True)
def published(web: WebGateway) -> None:
    """The worker was started once; every test begins with empty calendars."""
    ledger.publish_letterbox(web.database, KEY)
    with web.database.write("test") as session:
        for row in session.exec(select(Enrolment)):
            session.delete(row)


def enrol(web: WebGateway, viewer: Viewer = NORTH, **cells: str) -> int:
    """One entry that is taken."""
    number, problems = enrolling.enrol_one(web.context, viewer, {"patient_id": "QX-1", **cells})
    assert problems == ()
    assert number is not None
    return number


def entries(web: WebGateway) -> int:
    """How many there are."""
    with web.database.read() as session:
        return len(session.exec(select(Enrolment)).all())


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (6.0, "6"),
        (0.9, "0.9"),
        (30, "30"),
        (date(2026, 3, 1), "2026-03-01"),
        (JcvStatus.POSITIVE, "positive"),
        ("r1", "r1"),
    ],
)
def test_a_value_is_written_as_a_list_has_it(value: Any, cell: str) -> None:
    """Unknown is empty, never a zero or a no."""
    assert enrolling.as_cell(value) == cell


def test_what_is_written_is_read_back_the_same() -> None:
    """A form that is opened and saved changes nothing."""
    known = {
        "label": "r1",
        "jcv_status": JcvStatus.POSITIVE,
        "jcv_index": 1.5,
        "months_on_natalizumab": 30.0,
        "prior_immunosuppression": False,
        "dosing_interval_weeks": 6.0,
        "stopped_on": None,
        "enrolled_on": date(2025, 1, 2),
        "recorded_on": date(2026, 3, 1),
    }
    cells = {name: enrolling.as_cell(value) for name, value in known.items()}
    risk, _, label, problems = read_risk(cells, date(2026, 3, 1))
    assert problems == ()
    assert {name: getattr(risk, name) for name in known if name != "label"} | {"label": label} == known


def test_who_has_a_site_enrols_for_it_and_others_for_every_known_one(web: WebGateway) -> None:
    """Those of accounts, nodes, studies and entries."""
    assert enrolling.sites(web.context, NORTH) == ["north"]
    nodes = {node.site for node in web.context.directory()}
    assert enrolling.sites(web.context, ADMIN) == sorted({"north", "south"} | nodes)
    enrol(web, ADMIN, site="south")
    assert enrolling.sites(web.context, SOUTH) == ["south"]


@pytest.mark.parametrize("site", ["south", "nowhere"])
def test_an_entry_for_another_site_is_refused(web: WebGateway, site: str) -> None:
    """By form and in a list, where the good lines are taken; the line is named."""
    number, [problem] = enrolling.enrol_one(web.context, NORTH, {"patient_id": "QX-1", "site": site})
    assert number is None
    assert (problem.column, problem.value, problem.fix) == ("site", site, "Write north.")
    assert entries(web) == 0
    text = f"patient_id,site\nP1,\nP2,{site}\nP3,north\n"
    imported = enrolling.enrol_list(web.context, NORTH, text.encode(), "")
    assert (imported.enrolled, [one.line for one in imported.problems]) == (2, [3])
    assert entries(web) == 2


def test_a_list_of_another_sites_coordinator_cannot_be_aimed_here(web: WebGateway) -> None:
    """The default site of the request does not count for who has one."""
    enrolling.enrol_list(web.context, SOUTH, b"patient_id\nP1\n", "north")
    with web.database.read() as session:
        assert [row.site for row in session.exec(select(Enrolment))] == ["south"]


def test_problems_of_a_list_come_in_the_order_of_its_lines(web: WebGateway) -> None:
    """What cannot be read and what is of another site, together."""
    text = "patient_id,site,jcv\nP1,south,pos\n,north,pos\nP3,south,pos\n"
    imported = enrolling.enrol_list(web.context, NORTH, text.encode(), "")
    assert [one.line for one in imported.problems] == [2, 3, 4]
    assert imported.enrolled == 0


def test_another_sites_entry_is_like_none(web: WebGateway) -> None:
    """It cannot be changed, ended or told from one that does not exist."""
    number = enrol(web)
    for act in (
        lambda: enrolling.change(web.context, SOUTH, number, {"label": "x"}),
        lambda: enrolling.end(web.context, SOUTH, number, "why"),
        lambda: enrolling.check_own(web.context, SOUTH, number + 1000),
    ):
        with pytest.raises(NotThere):
            act()
    assert read_calendar(web.context, NORTH).patients[0].label == ""


def test_what_cannot_be_read_changes_nothing(web: WebGateway) -> None:
    """Not even the fields that could be."""
    number = enrol(web, label="r1")
    [problem] = enrolling.change(web.context, NORTH, number, {"label": "r2", "jcv_index": "high"})
    assert problem.column == "jcv_index"
    assert read_calendar(web.context, NORTH).patients[0].label == "r1"
    assert enrolling.change(web.context, NORTH, number, {"label": "r2"}) == ()
    assert read_calendar(web.context, NORTH).patients[0].label == "r2"


@pytest.mark.parametrize("why", ["", "  \n"])
def test_ending_without_a_reason_is_refused(web: WebGateway, why: str) -> None:
    """Somebody will ask."""
    number = enrol(web)
    open_letters(web.database, KEY)
    with pytest.raises(Invalid):
        enrolling.end(web.context, NORTH, number, why)
    assert len(read_calendar(web.context, NORTH).patients) == 1
    enrolling.end(web.context, NORTH, number, " moved away ")
    calendar = read_calendar(web.context, NORTH)
    assert (calendar.patients, [row.ended_because for row in calendar.ended]) == ((), ["moved away"])
