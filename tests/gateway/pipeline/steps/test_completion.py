"""Completeness is a verdict with a reason: quiet, required series, the sender's own count, the hard cap."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.pipeline.steps.completion import (
    Complete,
    CompletionLimits,
    Incomplete,
    StudyProgress,
    Waiting,
    judge,
)
from routing_rules.rule import AtHardCap

LIMITS = CompletionLimits(timedelta(seconds=300), timedelta(seconds=7200))
HOLD = CompletionLimits(LIMITS.quiet, LIMITS.hard_cap, AtHardCap.HOLD)


def _progress(
    silent: float = 400,
    first: float = 1000,
    here: int = 100,
    missing: tuple[str, ...] = (),
    counted: int | None = None,
) -> StudyProgress:
    return StudyProgress(timedelta(seconds=silent), timedelta(seconds=first), here, missing, counted)


def test_quiet_and_nothing_missing_is_complete() -> None:
    """The reason names both."""
    verdict = judge(_progress(), LIMITS)
    assert verdict == Complete("no new instance for 300 s, and no required series is missing")


def test_a_missing_series_is_waited_for() -> None:
    """Quiet alone is not complete: the reason names what is missing."""
    verdict = judge(_progress(missing=("flair", "dwi")), LIMITS)
    assert isinstance(verdict, Waiting)
    assert "flair, dwi" in verdict.why


def test_the_senders_count_ends_the_wait_for_a_series_that_was_never_made() -> None:
    """When the PACS has no more either, waiting helps nobody; the verdict on the protocol will say what is missing."""
    verdict = judge(_progress(missing=("dwi",), counted=100), LIMITS)
    assert isinstance(verdict, Complete)
    assert "all 100" in verdict.because
    assert "dwi" in verdict.because


def test_a_higher_count_alone_does_not_hold_a_study_up() -> None:
    """Many PACS send chosen series only; the reason tells the difference."""
    verdict = judge(_progress(counted=140), LIMITS)
    assert isinstance(verdict, Complete)
    assert "counts 140" in verdict.because


def test_at_the_hard_cap_the_rule_decides() -> None:
    """go_on completes with the shortcoming in the reason; hold asks a person, with the fix."""
    late = _progress(first=7200, missing=("flair",))
    goes_on, held = judge(late, LIMITS), judge(late, HOLD)
    assert isinstance(goes_on, Complete)
    assert "flair" in goes_on.because
    assert isinstance(held, Incomplete)
    assert "flair" in held.problem
    assert "Ask the sender" in held.fix


def test_a_study_that_never_goes_quiet_ends_at_the_cap() -> None:
    """Instances that trickle in for hours do not keep a patient waiting for ever."""
    assert isinstance(judge(_progress(silent=1, first=7199), LIMITS), Waiting)
    assert isinstance(judge(_progress(silent=1, first=7200), HOLD), Complete)


seconds = st.floats(min_value=0, max_value=20_000)
progresses = st.builds(
    _progress,
    silent=seconds,
    first=seconds,
    here=st.integers(0, 200),
    missing=st.sampled_from([(), ("flair",), ("flair", "dwi")]),
    counted=st.none() | st.integers(1, 200),
)


@given(progresses, st.sampled_from([LIMITS, HOLD]))
def test_every_wait_ends(progress: StudyProgress, limits: CompletionLimits) -> None:
    """A waiting study is looked at again, in the future and no later than at the hard cap."""
    verdict = judge(progress, limits)
    if isinstance(verdict, Waiting):
        assert timedelta(0) < verdict.look_again <= limits.hard_cap - progress.since_first
        assert verdict.why
    else:
        assert verdict.because if isinstance(verdict, Complete) else verdict.fix
