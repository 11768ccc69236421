"""Whether a result of storage commitment counts: from the one asked, about what was asked, and one thing of each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.records.commitment_answers import (
    NOT_ASKED_ABOUT,
    SAYS_NOTHING,
    UNKNOWN_TRANSACTION,
    Asked,
    another_was_asked,
    unexpected,
)

NODES = st.sampled_from(["a", "b", "c"])
UIDS = st.frozensets(st.sampled_from(["1.1", "1.2", "1.3", "1.4"]))
ASKED = st.builds(Asked, NODES, UIDS)


@given(ASKED | st.none(), st.frozensets(NODES), UIDS, UIDS)
def test_an_answer_counts_only_when_everything_fits(
    asked: Asked | None, reports_for: frozenset[str], committed: frozenset[str], failed: frozenset[str]
) -> None:
    """It counts exactly when the one who was asked speaks, of nothing but what was asked, once of each object."""
    counts = unexpected(asked, reports_for, committed, failed) is None
    named = committed | failed
    assert counts == (
        asked is not None
        and asked.node in reports_for
        and bool(named)
        and named <= asked.uids
        and len(named) == len(committed) + len(failed)
    )


@given(ASKED, UIDS, UIDS)
def test_whoever_was_not_asked_learns_nothing_of_the_objects(
    asked: Asked, committed: frozenset[str], failed: frozenset[str]
) -> None:
    """What a stranger to the request says is judged by who it is alone, whatever it names."""
    assert unexpected(asked, frozenset(), committed, failed) == another_was_asked(asked.node)
    assert unexpected(None, {asked.node}, committed, failed) == UNKNOWN_TRANSACTION


def test_each_reason_is_told_apart() -> None:
    """Other objects; nothing at all; both ways about one object."""
    asked = Asked("pacs", frozenset({"1.1", "1.2"}))
    assert unexpected(asked, {"pacs"}, ["1.1", "1.3"], []) == NOT_ASKED_ABOUT
    assert unexpected(asked, {"pacs"}, ["1.1"], ["1.3"]) == NOT_ASKED_ABOUT
    assert unexpected(asked, {"pacs"}, [], []) == SAYS_NOTHING
    assert unexpected(asked, {"pacs"}, ["1.1"], ["1.1", "1.2"]) == SAYS_NOTHING
    assert unexpected(asked, {"pacs", "other"}, ["1.1"], []) is None
