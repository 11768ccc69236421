"""A study described by hand becomes the facts it names, and nothing is taken for something else."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from routing_rules.described import DescribedStudy
from routing_rules.facts import StudyFacts
from routing_rules.series.series import SeriesKind


def facts(**said: Any) -> StudyFacts:
    """The facts of a description as it stands in a rule file."""
    return DescribedStudy.model_validate(said).to_facts()


def test_nothing_said_is_nothing_known() -> None:
    """An empty description has the facts of no study."""
    assert facts() == StudyFacts()
    assert DescribedStudy().given == ()


def test_every_fact_of_a_study_can_be_described() -> None:
    """The model follows the record."""
    assert set(DescribedStudy.model_fields) == {field.name for field in fields(StudyFacts)}


@given(
    age=st.none() | st.integers(0, 120),
    enrolled=st.none() | st.booleans(),
    tesla=st.none() | st.floats(0.2, 7, allow_nan=False),
    modalities=st.lists(st.text(min_size=1, max_size=4), max_size=3),
)
def test_what_is_said_is_what_is_known(
    age: int | None, enrolled: bool | None, tesla: float | None, modalities: list[str]
) -> None:
    """Neither more nor less; None is as good as silence."""
    described = facts(patient_age_years=age, enrolled=enrolled, field_strength_t=tesla, modalities=modalities)
    assert described == StudyFacts(
        patient_age_years=age, enrolled=enrolled, field_strength_t=tesla, modalities=tuple(modalities)
    )


def test_one_value_stands_for_a_list_of_it() -> None:
    """In a study and in a series, but a text of letters is not a list of letters."""
    assert facts(modalities="MR") == facts(modalities=["MR"]) == StudyFacts(modalities=("MR",))
    one, many = facts(series=[{"body_parts": "HEAD"}]), facts(series=[{"body_parts": ["HEAD"]}])
    assert one == many


@pytest.mark.parametrize(
    "said",
    [
        {"site": 5},
        {"instances": "5"},
        {"instances": True},
        {"enrolled": 1},
        {"enrolled": "yes"},
        {"patient_age_years": 40.5},
        {"referral": "curiosity"},
        {"modalities": [1]},
        {"colour": "red"},
        {"series": ["no such kind"]},
        {"series": [{"colour": "red"}]},
    ],
)
def test_another_type_or_an_unknown_word_is_refused(said: dict[str, Any]) -> None:
    """5 is no text, "5" no number, yes no number; a misspelt fact must not be silence."""
    with pytest.raises(ValidationError):
        DescribedStudy.model_validate(said)


def test_a_kind_stands_for_a_whole_series() -> None:
    """Series are numbered as written, and a described one keeps what it says."""
    described = facts(series=["flair", {"kind": "dwi", "series_number": 9}])
    assert [one.kind for one in described.series] == [SeriesKind("flair"), SeriesKind("dwi")]
    assert [one.series_number for one in described.series] == [1, 9]
    assert len({one.series_instance_uid for one in described.series}) == 2


def test_the_written_facts_are_known_by_name() -> None:
    """Also one that was written as None; for the explanation of a test beside a rule."""
    described = DescribedStudy.model_validate({"site": "A", "enrolled": None, "series": []})
    assert set(described.given) == {"site", "enrolled", "series"}
    assert described.to_facts() == StudyFacts(site="A")
