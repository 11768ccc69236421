"""What an earlier form stored is read as it was meant: signed reports and drafts, and twice is the same as once."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.reporting.answers import Recommendation
from gateway.reporting.fields import flatten, unflatten
from gateway.reporting.lesions import answers as a
from gateway.reporting.lesions.earlier_forms import (
    ANSWERS,
    RECOMMENDED,
    UNREAD,
    draft_of_today,
    opinion_of_today,
)
from gateway.reporting.lesions.lesion import Lesion
from gateway.reporting.opinion import Opinion
from gateway.reporting.parts import distinct
from gateway.reporting.report import Report, report_to_form

#: A report as version 0.1.0 stored it at the signature: three lesions, no contrast, no SWI, an unreadable T1.
STORED: dict[str, Any] = json.loads(Path(__file__).with_name("report_0_1.json").read_text(encoding="utf-8"))
QUESTIONS = {name: question for question, name in a.QUESTION.items()}


def test_a_signed_report_of_the_earlier_form_says_the_same_today() -> None:
    """Sites carry their side, one answer became several, and what was not available says which of both it was."""
    first, second, third = Report.as_signed(STORED).lesions
    assert first.places == {
        a.AnatomicalSite.FRONTAL_LOBE: a.Laterality.RIGHT,
        a.AnatomicalSite.CEREBRAL_WHITE_MATTER: a.Laterality.RIGHT,
    }
    assert (first.border, first.border_white_matter) == (a.Border.POORLY_DEFINED, None)
    assert first.enhancement == (a.Enhancement.NOT_COVERED,)
    assert first.swi == (a.SwiPattern.NOT_COVERED,)
    assert set(second.places) == {
        a.AnatomicalSite.BRAIN_STEM,
        a.AnatomicalSite.CEREBELLUM,
        a.AnatomicalSite.PONS,
        a.AnatomicalSite.MEDULLA,
    }
    assert second.topography == (a.Topography.INFRATENTORIAL,)
    assert second.border is a.Border.WELL_DEFINED
    assert second.dwi == (a.DwiPattern.RIM, a.DwiPattern.DARK_CENTRE)
    assert second.adc is a.Adc.HYPOINTENSE
    assert set(third.places.values()) == {a.Laterality.BILATERAL}
    assert third.topography == (a.Topography.DEEP_WHITE_MATTER, a.Topography.DEEP_GREY_MATTER)
    assert third.t1 == (a.T1Signal.NOT_ASSESSABLE,)
    assert third.adc is a.Adc.NOT_ASSESSABLE


def test_a_draft_of_the_earlier_form_is_the_same_report() -> None:
    """A draft keeps its answers under the names of today, and reading it again changes nothing."""
    draft = {field: value for field, value in flatten(STORED).items() if value != "None"}
    today = draft_of_today(draft)
    assert "lesions.0.sites" not in today
    assert today["lesions.0.places.frontal_lobe"] == "right"
    assert draft_of_today(today) == today
    read = [Opinion.model_validate(unflatten(form, UTC)) for form in (today, draft)]
    assert read[1] == Opinion.model_validate(STORED)
    recommended = distinct(
        tuple(Recommendation(RECOMMENDED.get(each, each)) for each in STORED["recommendations"])
    )
    assert read[0] == read[1].model_copy(update={"recommendations": recommended})
    assert Recommendation.SHORT_TERM not in recommended


def test_a_draft_that_is_hardly_begun_stays_what_it_is() -> None:
    """A site without a side is asked again; everything else is kept, blanks too."""
    assert draft_of_today({"narrative": "x", "lesions.1.sites": ["pons"], "lesions.1.t2": []}) == {
        "narrative": "x",
        "lesions.1.t2": [],
    }


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: f"{row.item}-{row.earlier}")
def test_no_answer_of_today_is_called_as_an_earlier_one(row: Any) -> None:
    """The table is right only as long as its left column is free, and its right column exists."""
    values = {answer.value for answer in QUESTIONS[row.item]}
    assert row.earlier not in values
    today = {"not_covered", "not_assessable"} if UNREAD in row.today else set(row.today)
    assert today <= values
    assert row.item in Lesion.model_fields


def test_what_was_signed_is_not_judged_again() -> None:
    """A rule that came later refuses no report on record; a new report with the same content it does."""
    contradicting = {**STORED, "lesions": [{**STORED["lesions"][0], "t2": ["homogeneous", "inhomogeneous"]}]}
    report = Report.as_signed(contradicting)
    assert len(report.lesions[0].t2) == 2
    with pytest.raises(ValidationError, match="excludes"):
        Report.model_validate(contradicting)


def test_the_report_of_today_is_left_alone() -> None:
    """Stored by today's form, content is read as it stands."""
    report = Report.as_signed(STORED)
    stored = report.model_dump(mode="json")
    assert opinion_of_today(stored) == stored
    assert Report.as_signed(stored) == report
    assert Opinion.model_validate(unflatten(report_to_form(report), UTC)) == Opinion.model_validate(stored)


@pytest.mark.parametrize(
    "said", [None, [], {"lesions": None}, {"lesions": [None, 3, {"t1": {}}]}, {"lesions": "x"}]
)
def test_what_is_no_report_reaches_the_model(said: Any) -> None:
    """Nonsense is left for the model to refuse."""
    opinion_of_today(said)
