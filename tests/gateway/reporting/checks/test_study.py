"""What the study contradicts: calls at impossible times, a prior after the study, a contrast series denied."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.reporting.answers import Completeness
from gateway.reporting.checks.rules import ASKED_BY_STUDY, questions
from gateway.reporting.checks.study import CLOCKS_DIFFER, HIGHEST_B, LOWEST_B, OLDEST_PRIOR
from gateway.reporting.example import phantom_form, phantom_report
from gateway.reporting.report import Report, StudyFacts, form_problems, form_questions, report_from_form
from routing_rules.protocol.requirements import standard_protocol

CAME = datetime(2026, 2, 3, 9, tzinfo=UTC)
SIGNED = datetime(2026, 2, 3, 11, tzinfo=UTC)
FACTS = StudyFacts(readable_since=CAME, shown_study_date=date(2026, 2, 1), now=SIGNED)
NIGHT = timedelta(hours=12)


def fields(report: Report, facts: StudyFacts = FACTS) -> list[str]:
    """Where the study contradicts a report."""
    return [problem.field for problem in report.problems(facts)]


@pytest.mark.parametrize(
    ("told_at", "expected"),
    [
        (CAME - NIGHT, ["communication.at"]),
        (CAME - CLOCKS_DIFFER, []),
        (CAME, []),
        (SIGNED, []),
        (SIGNED + CLOCKS_DIFFER, []),
        (SIGNED + NIGHT, ["communication.at"]),
    ],
)
def test_a_call_is_made_between_the_study_and_the_signature(told_at: datetime, expected: list[str]) -> None:
    """Nobody calls about a study that is not here, or signs before the call; clocks may differ by minutes."""
    assert fields(phantom_report(told_at=told_at)) == expected


def test_a_prior_is_not_later_than_the_study() -> None:
    """A second study of the same day is a prior; one of the day after is none."""
    assert fields(phantom_report(prior_study_date=date(2026, 2, 1), told_at=CAME)) == []
    assert fields(phantom_report(prior_study_date=date(2026, 2, 2), told_at=CAME)) == [
        "comparison.prior_study_date"
    ]


def test_what_is_not_known_of_a_study_contradicts_nothing() -> None:
    """A report of a file has no study, a study has no date: neither is a dead end."""
    assert fields(phantom_report(told_at=CAME - NIGHT), StudyFacts()) == []


DAY = date(2026, 2, 1)
DAYS = st.dates(DAY - timedelta(days=20_000), DAY + timedelta(days=400))


def asked(report: Report, **facts: object) -> list[str]:
    """What is asked of a report about a study with these facts."""
    known = StudyFacts(**facts)  # type: ignore[arg-type]
    return [each.question for each in questions(report, known) if each.question in ASKED_BY_STUDY]


@given(DAYS)
def test_a_prior_is_no_older_than_an_mri_can_be_and_no_later_than_the_study(prior: date) -> None:
    """Any day: refused on both sides of what is possible, and nowhere else."""
    known = StudyFacts(shown_study_date=DAY)
    refused = phantom_report(prior_study_date=prior).problems(known)
    possible = DAY - OLDEST_PRIOR <= prior <= DAY
    assert [each.field for each in refused] == ([] if possible else ["comparison.prior_study_date"])


@given(DAYS, st.lists(DAYS, max_size=4))
def test_a_prior_is_one_of_those_that_are_here_or_says_which_it_is(prior: date, here: list[date]) -> None:
    """A day that was read elsewhere is not shifted, and would come back wrong."""
    report = phantom_report(prior_study_date=prior)
    expected = ["prior_not_here"] if prior not in here else []
    assert asked(report, earlier_days=tuple(here)) == expected
    assert asked(report) == []


def test_nothing_compared_names_no_prior() -> None:
    """Where none was compared nothing is asked."""
    assert asked(phantom_report(prior_study_date=None), earlier_days=()) == []


def test_a_sequence_that_was_not_recognised_says_which_series_it_is() -> None:
    """Every one of them is named; of a study without any recognised series nothing is known; spectra are no images."""
    report = phantom_report()
    everything = frozenset({"flair", "t2", "dwi", "t1", "t1_contrast", "swi"})
    assert asked(report, received=everything) == []
    assert asked(report, received=frozenset()) == []
    known = StudyFacts(received=everything - {"swi", "dwi"})
    (question,) = [each for each in questions(report, known) if each.question in ASKED_BY_STUDY]
    assert question.question == "sequence_not_recognised"
    assert "Diffusion weighted" in question.problem
    assert "FLAIR" not in question.problem


@given(st.lists(st.integers(1, 5000), max_size=4))
def test_diffusion_images_are_what_their_headers_say(b_values: list[int]) -> None:
    """b = 2500 is not b = 1000; where the headers say nothing, nothing is asked."""
    near = not b_values or any(LOWEST_B <= value <= HIGHEST_B for value in b_values)
    expected = [] if near else ["b_value_not_measured"]
    assert asked(phantom_report(), b_values=tuple(map(float, b_values))) == expected


def test_what_counts_as_b_1000_is_what_the_protocol_says() -> None:
    """One limit in the verdict and in the report."""
    wanted = next(each for each in standard_protocol().requirements if each.name == "dwi").b_values
    assert wanted is not None
    assert (wanted.lowest, wanted.highest) == (LOWEST_B, HIGHEST_B)


@pytest.mark.parametrize(
    ("readability", "overruled", "told"),
    [
        ("readable", False, ""),
        ("unknown", False, ""),
        ("", False, ""),
        ("readable_with_limits", False, "the gateway found"),
        ("not_readable", False, "the gateway found"),
        ("readable", True, ""),
        ("not_readable", True, "a reader judged"),
    ],
)
def test_complete_fits_the_verdict_or_the_reader_who_judged_otherwise(
    readability: str, overruled: bool, told: str
) -> None:
    """“Complete” of a study with limits says why; “limited” needs to say nothing."""
    report = phantom_report()
    known = StudyFacts(readability=readability, overruled=overruled)
    found = [each for each in questions(report, known) if each.question == "complete_against_verdict"]
    assert [told in each.problem for each in found] == ([True] if told else [])
    protocol = report.protocol.model_copy(update={"completeness": Completeness.LIMITED})
    limited = report.model_copy(update={"protocol": protocol})
    assert not asked(limited, readability=readability, overruled=overruled)


@pytest.mark.parametrize("written", ["PML-TEST0001", "pml test0001", "Pml-Test 0001", "(PML.TEST0001)"])
def test_the_pseudonym_is_not_written_however_it_is_spelt(written: str) -> None:
    """In the impression or in a reason; another word is none."""
    known = StudyFacts(pseudonym="PML-TEST0001")
    report = phantom_report()
    for changed in ({"narrative": f"Known as {written}."}, {"reasons": {"no_contrast": f"As for {written}"}}):
        (refused,) = report.model_copy(update=changed).problems(known)
        assert "pseudonym" in refused.problem
    assert report.problems(known) == []
    assert report.problems(StudyFacts(pseudonym="")) == []


def test_a_reason_settles_what_is_asked_about_the_study_and_is_kept() -> None:
    """It is signed with it; where the study does not ask, it is left out; where nothing is known, it stays."""
    form = phantom_form()
    asking = StudyFacts(earlier_days=())
    (question,) = form_problems(form, asking)
    assert (question.question, question.field) == ("prior_not_here", "comparison.prior_study_date")
    answered = form | {"reasons.prior_not_here": "Films of the hospital."}
    assert form_problems(answered, asking) == []
    assert form_questions(answered, asking) == [question]
    kept = {"prior_not_here": "Films of the hospital."}
    assert report_from_form(answered, asking).reasons == kept
    assert report_from_form(answered).reasons == kept
    known = StudyFacts(earlier_days=(date(2025, 11, 3),))
    assert report_from_form(answered, known).reasons == {}


def test_what_is_told_of_a_call_does_not_tell_when_the_study_came() -> None:
    """The moment of arrival beside a shifted date would tell the shift."""
    (refused,) = phantom_report(told_at=CAME - NIGHT).problems(FACTS)
    assert CAME.isoformat(timespec="minutes")[:16] not in str(refused)
