"""The queue among thousands of cases: what is looked for is found by an index."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.database import Database
from gateway.records.tables.cases import NEEDS_ATTENTION, Case
from gateway.records.views import queue
from support.records import FakeClock, forwarded_case, matched_case, reader

ANYBODY = Viewer(1, "ana", "Ana", "lead", "")


@pytest.mark.parametrize("view", [view for view in queue.VIEWS if view != "all"])
def test_no_view_is_counted_by_reading_every_case(database: Database, view: str) -> None:
    """SQLite says how it would count: by an index, not through the whole table."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL decides by the size of the table")
    with database.read() as session:
        condition = queue._in_view(view, ANYBODY, database.now(session))
        counted = select(Case.id).where(condition)
        asked = str(counted.compile(database.engine, compile_kwargs={"literal_binds": True}))
        plan = [str(row[-1]) for row in session.execute(text(f"EXPLAIN QUERY PLAN {asked}"))]
    assert all("INDEX" in step for step in plan), plan


def test_a_case_that_needs_attention_is_one_with_a_problem_or_a_wanted_addendum() -> None:
    """The words of the index are those of the view."""
    assert str(NEEDS_ATTENTION) == "(problem <> '' OR addendum_wanted)"
    [index] = [one for one in Case.__table__.indexes if one.name == "ix_case_needs_attention"]  # type: ignore[attr-defined]
    assert index.dialect_options["sqlite"]["where"] is NEEDS_ATTENTION


NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("holder", "until", "claimed"),
    [
        (1, NOW + timedelta(seconds=1), True),
        (1, NOW, False),
        (1, NOW - timedelta(seconds=1), False),
        (1, None, False),
        (None, NOW + timedelta(hours=1), False),
    ],
)
def test_a_claim_counts_until_its_moment(holder: int | None, until: datetime | None, claimed: bool) -> None:
    """As the view `mine` counts it: at the moment itself it is over."""
    case = Case(
        id=1,
        study_id=1,
        site="north",
        destination="",
        state="FORWARDED",
        generation=1,
        look_again_at=NOW,
        reached_at=NOW,
        created_at=NOW,
        updated_at=NOW,
        claimed_by=holder,
        claimed_until=until,
        series=[],
        overrule={},
    )
    assert queue.queue_row(case, None, "", False).is_claimed(NOW) is claimed


def _view(database: Database, view: str, viewer: Viewer = ANYBODY, page: int = 1) -> queue.Queue:
    with database.read() as session:
        return queue.queue(session, viewer, view, page, database.now(session))


def test_each_view_has_its_cases_and_its_count(database: Database, clock: FakeClock) -> None:
    """Whichever is looked at, all are counted."""
    waiting = forwarded_case(database, clock)
    with database.write("test") as session:
        session.get_one(Case, waiting).look_again_at = clock.time + timedelta(days=1)
    over = matched_case(database, clock, "1.2.4")
    with database.write("test") as session:
        case = session.get_one(Case, over)
        case.state, case.addendum_wanted = "CONFIRMED", True
    ana = reader(database)
    viewer = Viewer(ana, "ana", "Ana", "reader", "")
    ledger.claim_case(database, waiting, ana, timedelta(minutes=5))
    expected = {
        "open": [waiting],
        "to-read": [waiting],
        "mine": [waiting],
        "parked": [over],
        "all": [over, waiting],
    }
    for view, cases in expected.items():
        shown = _view(database, view, viewer)
        assert sorted(row.id for row in shown.rows) == sorted(cases), view
        assert shown.counts == {name: len(numbers) for name, numbers in expected.items()}
    clock.pass_seconds(301)
    assert _view(database, "mine", viewer).rows == ()


def test_the_most_urgent_is_first_and_then_the_one_that_waits_longest(
    database: Database, clock: FakeClock
) -> None:
    """On every page and in the list of all."""
    for study, priority in (("1.1", 5), ("1.2", 5), ("1.3", 0)):
        case_id = matched_case(database, clock, study)
        with database.write("test") as session:
            case = session.get_one(Case, case_id)
            case.priority, case.problem = priority, "out of the way"
    assert [row.id for row in _view(database, "all").rows] == [3, 1, 2]
    with database.read() as session:
        assert [row.id for row in queue.every_case(session, ANYBODY)] == [3, 1, 2]


def test_a_page_behind_the_last_is_the_last(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old link still shows something; there is always one page."""
    monkeypatch.setattr(queue, "PAGE", 2)
    assert (_view(database, "all").pages, _view(database, "all", page=9).page) == (1, 1)
    for number in range(3):
        case_id = matched_case(database, clock, f"1.{number}")
        with database.write("test") as session:
            session.get_one(Case, case_id).problem = "out of the way"
    last = _view(database, "all", page=9)
    assert (last.pages, last.page, [row.id for row in last.rows]) == (2, 2, [3])
    assert [row.id for row in _view(database, "all", page=-1).rows] == [1, 2]
    with database.read() as session:
        assert len(list(queue.every_case(session, ANYBODY))) == 3
