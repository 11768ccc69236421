"""A case or a study as one viewer may see it now."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.errors import NotThere
from gateway.records.accounts import Viewer
from gateway.records.tables.cases import Case
from gateway.web.foundation.case_access import open_case, visible_study
from support.web_gateway import WebGateway

READER = Viewer(7001, "anna", "Anna", "reader", "")
OTHER = Viewer(7002, "boris", "Boris", "reader", "")
SOUTH = Viewer(7003, "south", "South", "coordinator", "south")


@pytest.fixture
def holder(web: WebGateway) -> Viewer:
    """A reader with an account, who can hold a case."""
    number = web.add(f"holder-{web.numbers}", "reader")
    web.numbers += 1
    return Viewer(number, "holder", "Holder", "reader", "")


@pytest.mark.parametrize(("seconds_left", "claimed"), [(60, True), (1, True), (-1, False), (None, False)])
def test_a_claim_counts_while_its_time_lasts(
    web: WebGateway, holder: Viewer, seconds_left: float | None, claimed: bool
) -> None:
    """By the database's clock; nobody has to give it back."""
    with web.database.read() as session:
        now = web.database.now(session)
    until = None if seconds_left is None else now + timedelta(seconds=seconds_left)
    case_id = web.case(claimed_by=holder.account_id, claimed_until=until)
    opened = open_case(web.context, holder, case_id)
    assert (opened.claimed, opened.mine) == (claimed, claimed)
    seen = open_case(web.context, OTHER, case_id)
    assert (seen.claimed, seen.mine) == (claimed, False)


def test_a_free_case_is_nobodys(web: WebGateway) -> None:
    """Nor of an account whose number is none."""
    case_id = web.case()
    opened = open_case(web.context, Viewer(0, "command line", "", "admin", ""), case_id)
    assert (opened.claimed, opened.mine) == (False, False)
    assert opened.page.row.id == case_id


def test_another_sites_case_is_like_none(web: WebGateway) -> None:
    """The same words, so that nobody learns which numbers there are."""
    north = web.case(site="north")
    with pytest.raises(NotThere) as hidden:
        open_case(web.context, SOUTH, north)
    with pytest.raises(NotThere) as absent:
        open_case(web.context, SOUTH, 2**31 - 1)
    assert hidden.value.problem == f"There is no case {north}."
    assert absent.value.problem == f"There is no case {2**31 - 1}."
    assert hidden.value.fix == absent.value.fix
    assert open_case(web.context, READER, north).page.row.site == "north"


def test_another_sites_study_is_like_none(web: WebGateway) -> None:
    """As its case; its own site sees it with its cases."""
    case_id = web.case(site="north")
    with web.database.read() as session:
        study_id = session.get_one(Case, case_id).study_id
    with pytest.raises(NotThere) as hidden:
        visible_study(web.context, SOUTH, study_id)
    assert hidden.value.problem == f"There is no study {study_id}."
    north = Viewer(7004, "north", "North", "coordinator", "north")
    assert visible_study(web.context, north, study_id).case_ids == (case_id,)
