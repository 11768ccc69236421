"""The queue among thousands of cases: what is looked for is found by an index."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from gateway.records.accounts import Viewer
from gateway.records.database import Database
from gateway.records.tables.studies import NEEDS_ATTENTION, Case
from gateway.records.views import queue

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
    assert queue.queue_row(case, None, False).is_claimed(NOW) is claimed
