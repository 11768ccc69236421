"""Completeness is a verdict with a reason: quiet, required series, what an archive counts, the hard cap."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.pipeline.steps.completion import (
    Complete,
    CompletionLimits,
    Counted,
    Incomplete,
    SeriesCount,
    StudyProgress,
    Waiting,
    judge,
)
from routing_rules.rule import AtHardCap

LIMITS = CompletionLimits(timedelta(seconds=60), timedelta(seconds=300), timedelta(seconds=7200))
HOLD = replace(LIMITS, at_hard_cap=AtHardCap.HOLD)
FLAIR, T2 = SeriesCount("series 4 (flair)", 24, 24), SeriesCount("series 5 (t2)", 30, 30)
ALL = Counted("archive", False, (FLAIR, T2))
CUT = replace(ALL, series=(replace(FLAIR, here=7), T2))
CHOSEN = replace(ALL, series=(FLAIR, T2, SeriesCount("a series", 0, 100)))


def _progress(
    silent: float = 400,
    first: float = 1000,
    missing: tuple[str, ...] = (),
    counted: Counted | None = None,
    is_busy: bool = False,
) -> StudyProgress:
    return StudyProgress(timedelta(seconds=silent), timedelta(seconds=first), missing, counted, is_busy)


def test_quiet_and_nothing_missing_is_complete_where_nobody_counts() -> None:
    """The reason names both."""
    verdict = judge(_progress(), LIMITS)
    assert verdict == Complete("no new instance for 300 s, and no required series is missing")


def test_a_missing_series_is_waited_for() -> None:
    """Quiet alone is not complete: the reason names what is missing."""
    verdict = judge(_progress(missing=("flair", "dwi")), LIMITS)
    assert isinstance(verdict, Waiting)
    assert "flair, dwi" in verdict.why


def test_a_series_cut_short_is_waited_for() -> None:
    """Quiet, with every required kind of series: the reason names the series and both numbers."""
    verdict = judge(_progress(counted=CUT), LIMITS)
    assert isinstance(verdict, Waiting)
    assert "archive counts more instances (series 4 (flair): 7 of 24 are here)" in verdict.why


def test_all_that_is_counted_and_required_is_complete_after_the_settle_time() -> None:
    """Nobody waits for the quiet time then; a second before, instances may still be on their way."""
    assert isinstance(judge(_progress(silent=59, counted=ALL), LIMITS), Waiting)
    verdict = judge(_progress(silent=60, counted=ALL), LIMITS)
    assert verdict == Complete(
        "no new instance for 60 s, and all 54 MR instances that archive counts are here"
    )


def test_a_series_that_did_not_come_at_all_ends_the_haste_and_holds_nothing_up() -> None:
    """Senders send chosen series only: it is complete when it is quiet, and the reason names both numbers."""
    assert isinstance(judge(_progress(silent=299, counted=CHOSEN), LIMITS), Waiting)
    verdict = judge(_progress(silent=300, counted=CHOSEN), LIMITS)
    assert isinstance(verdict, Complete)
    assert "counts 154 MR instances, 54 of them are here; 1 of its 3 series did not come" in verdict.because


def test_a_series_that_did_not_come_is_waited_for_when_one_is_required() -> None:
    """It may be the one."""
    by_sender = replace(CHOSEN, is_sender=True)
    assert isinstance(judge(_progress(missing=("dwi",), counted=by_sender), LIMITS), Waiting)


def test_the_count_of_the_sender_ends_the_wait_for_a_series_that_was_never_made() -> None:
    """It has no more itself. Another archive may count as little while the scanner is still at work."""
    quiet = _progress(missing=("dwi",), counted=replace(ALL, is_sender=True))
    verdict = judge(quiet, LIMITS)
    assert isinstance(verdict, Complete)
    assert "all 54" in verdict.because
    assert "dwi" in verdict.because
    assert isinstance(judge(replace(quiet, silent_for=timedelta(seconds=299)), LIMITS), Waiting)
    assert isinstance(judge(replace(quiet, counted=ALL), LIMITS), Waiting)


def test_where_only_the_study_has_a_number_all_of_it_is_waited_for() -> None:
    """Which series is cut cannot be told then."""
    cut = Counted("archive", False, (), SeriesCount("the study", 54, 55))
    verdict = judge(_progress(counted=cut), LIMITS)
    assert isinstance(verdict, Waiting)
    assert "the study: 54 of 55 are here" in verdict.why
    whole = judge(_progress(counted=Counted("archive", False, (), SeriesCount("the study", 55, 55))), LIMITS)
    assert isinstance(whole, Complete)
    assert "all 55 instances that archive counts" in whole.because


def test_an_archive_that_is_busy_is_asked_again_in_a_moment() -> None:
    """Before the cap, what it counts is worth a moment."""
    verdict = judge(_progress(is_busy=True), LIMITS)
    assert isinstance(verdict, Waiting)
    assert verdict.look_again <= timedelta(seconds=10)
    assert isinstance(judge(_progress(first=7200, is_busy=True), HOLD), Complete)


def test_looks_become_rarer_with_the_silence() -> None:
    """Each wait is as long as the silence before it, up to a quarter of an hour, and ends with the quiet time."""
    waits = {60: 60, 120: 120, 240: 60, 300: 300, 600: 600, 1200: 900, 2400: 900}
    for silent, wait in waits.items():
        verdict = judge(_progress(silent=silent, first=silent, counted=CUT), LIMITS)
        assert isinstance(verdict, Waiting)
        assert verdict.look_again == timedelta(seconds=wait)


def test_at_the_hard_cap_the_rule_decides() -> None:
    """go_on completes with the shortcoming in the reason; hold asks a person, with the fix."""
    late = _progress(first=7200, missing=("dwi",), counted=CUT)
    goes_on, held = judge(late, LIMITS), judge(late, HOLD)
    assert isinstance(goes_on, Complete)
    assert isinstance(held, Incomplete)
    for words in (goes_on.because, held.problem):
        assert "dwi" in words
        assert "7 of 24" in words
    assert "Ask the sender" in held.fix


def test_a_study_that_never_goes_quiet_ends_at_the_cap() -> None:
    """Instances that trickle in for hours do not keep a patient waiting for ever."""
    assert isinstance(judge(_progress(silent=1, first=7199), LIMITS), Waiting)
    assert isinstance(judge(_progress(silent=1, first=7200), HOLD), Complete)


seconds = st.floats(min_value=0, max_value=20_000)
numbers = st.builds(SeriesCount, st.just("a series"), st.integers(0, 40), st.integers(1, 40))
counts = st.builds(
    Counted, st.just("archive"), st.booleans(), st.lists(numbers, max_size=4).map(tuple), st.none() | numbers
)
progresses = st.builds(
    _progress,
    silent=seconds,
    first=seconds,
    missing=st.sampled_from([(), ("flair",), ("flair", "dwi")]),
    counted=st.none() | counts,
    is_busy=st.booleans(),
)
limits_of_rules = st.builds(
    lambda settle, quiet, cap, at_cap: CompletionLimits(
        timedelta(seconds=min(settle, quiet)), timedelta(seconds=quiet), timedelta(seconds=cap), at_cap
    ),
    st.floats(1, 600),
    st.floats(1, 600),
    st.floats(1, 15_000),
    st.sampled_from(AtHardCap),
)


@given(progresses, limits_of_rules)
def test_every_wait_ends(progress: StudyProgress, limits: CompletionLimits) -> None:
    """A waiting study is looked at again, in the future and no later than at the hard cap."""
    verdict = judge(progress, limits)
    if isinstance(verdict, Waiting):
        assert timedelta(0) < verdict.look_again <= limits.hard_cap - progress.since_first
        assert verdict.why
    else:
        assert verdict.because if isinstance(verdict, Complete) else verdict.fix


@given(progresses, limits_of_rules, st.data())
def test_fewer_here_than_there_is_never_complete_before_the_cap(
    progress: StudyProgress, limits: CompletionLimits, data: st.DataObject
) -> None:
    """Whatever else is so: some of a series are here and some are not, or of the study where only that is counted."""
    assume(progress.since_first < limits.hard_cap)
    counted = progress.counted or ALL
    there = data.draw(st.integers(2, 500))
    short = SeriesCount("a series", data.draw(st.integers(1, there - 1)), there)
    for fewer in (
        replace(counted, series=(*counted.series, short)),
        replace(counted, study=replace(short, here=data.draw(st.integers(0, there - 1)))),
    ):
        assert isinstance(judge(replace(progress, counted=fewer), limits), Waiting)


@given(progresses, limits_of_rules)
def test_a_required_series_that_an_archive_may_still_have_is_waited_for(
    progress: StudyProgress, limits: CompletionLimits
) -> None:
    """Before the cap, unless the sender itself counts no more than is here."""
    counted = progress.counted
    assume(progress.missing and progress.since_first < limits.hard_cap)
    assume(not (counted and counted.is_sender and counted.is_all_here))
    assert isinstance(judge(progress, limits), Waiting)


@given(progresses, limits_of_rules)
def test_all_here_and_settled_is_complete(progress: StudyProgress, limits: CompletionLimits) -> None:
    """Nothing is waited for that nobody misses."""
    whole = replace(progress, counted=ALL, missing=(), is_busy=False)
    assume(progress.silent_for >= limits.settle)
    assert isinstance(judge(whole, limits), Complete)
