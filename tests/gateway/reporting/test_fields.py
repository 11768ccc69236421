"""Flat form fields and nested parts lead into each other, and errors are worded for the reader."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.reporting.example import phantom_form
from gateway.reporting.fields import flatten, problems_of, unflatten
from gateway.reporting.lesions.lesion import Lesion
from gateway.reporting.parts import SequenceSeen
from gateway.reporting.report import Report

BERLIN = ZoneInfo("Europe/Berlin")
_NAMES = st.text("abcxyz_", min_size=1, max_size=6)
_LEAVES = st.text("abc123", min_size=1, max_size=8)
_PARTS = st.dictionaries(_NAMES, _LEAVES, min_size=1, max_size=3)
_TREES = st.dictionaries(_NAMES, _LEAVES | _PARTS | st.lists(_PARTS, min_size=1, max_size=12), max_size=4)


@given(_TREES)
def test_nested_parts_come_back_from_their_flat_fields(tree: dict[str, object]) -> None:
    """Flattening loses nothing that is not blank, and keeps the order of a repeated group."""
    assert unflatten(flatten(tree), UTC) == tree


def test_blanks_are_dropped() -> None:
    """An empty text, a blank and an empty list are no answers."""
    assert unflatten({"a": " ", "b": [], "c": ["", ""], "d": " x "}, UTC) == {"d": "x"}


def test_a_group_that_was_deleted_leaves_no_gap() -> None:
    """The lesions 1 and 10 of a form are the first and the second of the report."""
    nested = unflatten({"lesions.10.comment": "late", "lesions.1.comment": "early"}, UTC)
    assert nested == {"lesions": [{"comment": "early"}, {"comment": "late"}]}


def test_a_choice_of_several_is_a_list_even_with_one_answer() -> None:
    """A browser sends one chosen box as a plain text."""
    assert unflatten({"lesions.0.dwi": "rim"}, UTC) == {"lesions": [{"dwi": ["rim"]}]}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-07-01T14:30", datetime(2026, 7, 1, 12, 30, tzinfo=UTC)),
        ("2026-01-01T14:30", datetime(2026, 1, 1, 13, 30, tzinfo=UTC)),
        ("2026-07-01T14:30+05:00", datetime(2026, 7, 1, 9, 30, tzinfo=UTC)),
        ("yesterday", "yesterday"),
    ],
)
def test_only_a_time_without_a_zone_gets_the_zone_of_the_page(written: str, read: datetime | str) -> None:
    """Summer and winter time count, a zone that was given stays, and what is no time is left to the model."""
    assert unflatten({"communication.at": written}, BERLIN) == {"communication": {"at": read}}


@given(st.dictionaries(st.from_regex(r"[a0]?(\.[a0]){0,3}", fullmatch=True), st.text(max_size=3), max_size=5))
def test_no_form_breaks_the_reading(form: dict[str, str]) -> None:
    """A form that contradicts itself (`a` beside `a.b`) reaches the model instead of raising."""
    assert isinstance(unflatten(form, UTC), dict)


def test_a_wrong_answer_is_named_as_the_reader_sees_it() -> None:
    """Lesions count from 1 and carry the label of the item, not the name of the field."""
    form = phantom_form() | {"lesions.0.border_grey_matter": "fuzzy"}
    with pytest.raises(ValidationError) as caught:
        Report.model_validate(unflatten(form, UTC))
    (problem,) = problems_of(caught.value)
    assert problem.field == "lesions.0.border_grey_matter"
    assert problem.problem.startswith("Lesion 1, ")
    assert problem.problem.endswith("not one of the choices.")


def test_a_missing_part_is_listed_item_by_item() -> None:
    """A reader who left out a whole group sees every required item of it."""
    form = {name: value for name, value in phantom_form().items() if not name.startswith("comparison.")}
    with pytest.raises(ValidationError) as caught:
        Report.model_validate(unflatten(form, UTC))
    problems = problems_of(caught.value)
    assert "comparison.done" in {problem.field for problem in problems}
    assert {problem.fix for problem in problems} == {"Answer it."}


def test_a_long_answer_is_shown_shortened() -> None:
    """What was entered stands in the problem, at most 60 characters of it."""
    with pytest.raises(ValidationError) as caught:
        SequenceSeen.model_validate({"acquired": "absent", "thickness_mm": "9" * 200})
    (problem,) = problems_of(caught.value)
    assert f"(entered: {'9' * 60})" in problem.problem


def test_a_field_that_nobody_knows_is_refused() -> None:
    """An unknown field of a lesion is to be removed, not ignored."""
    with pytest.raises(ValidationError) as caught:
        Lesion.model_validate({"colour": "red"})
    assert "Remove it." in {problem.fix for problem in problems_of(caught.value) if problem.field == "colour"}
