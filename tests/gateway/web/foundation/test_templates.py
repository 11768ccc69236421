"""What every page shows alike: words, times and dates; escaped, and without UIDs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from jinja2 import UndefinedError

from gateway import clock
from gateway.lifecycle import CaseState, StudyState
from gateway.records.accounts import Viewer
from gateway.web.foundation import templates
from gateway.web.foundation.templates import WORDS, day, elapsed, environment, verbatim, words
from routing_rules.protocol.verdict import Readability
from routing_rules.series.series import SeriesKind
from routing_rules.surveillance.due_dates import CalendarState

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
UID = "1.2.840.113619.2.55.3"


@pytest.mark.parametrize("value", [*CaseState, *StudyState, *Readability, *SeriesKind, *CalendarState])
def test_every_value_that_pages_show_has_words(value: str) -> None:
    """States, verdicts and kinds: none is shown as programs write it."""
    assert value in WORDS


def test_a_value_without_words_is_shown_with_spaces() -> None:
    """What was added elsewhere is still readable."""
    assert words("something_new") == "something new"


def test_the_progress_line_has_every_state_of_a_case_but_forgotten() -> None:
    """In their order; forgotten is no step of the way."""
    assert list(templates.PATH_OF_A_CASE) == [state for state in CaseState if state != CaseState.FORGOTTEN]


def shown(template: str, role: str, **values: object) -> str:
    """What a template prints for a viewer of this role."""
    viewer = Viewer(1, "x", "X", role, "north" if role == "coordinator" else "")
    return environment().from_string(template).render(viewer=viewer, **values)


def test_a_moment_is_utc_for_people_and_exact_for_scripts() -> None:
    """Whatever zone it came in, for who sees identities."""
    at = datetime(2026, 3, 1, 1, 30, 5, tzinfo=timezone(timedelta(hours=3)))
    told = '<time datetime="2026-02-28T22:30:05+00:00">28 Feb 2026 22:30 UTC</time>'
    assert shown("{{ at | moment }}", "coordinator", at=at) == told
    assert shown("{{ none | moment }}", "coordinator", none=None) == "–"


@pytest.mark.parametrize("role", ["reader", "lead", "nobody"])
def test_who_sees_pseudonyms_alone_sees_ages(monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    """No moment beside a shifted date, in a filter or a text; what is still to come is no arrival."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    for ago, age in (
        (10, "less than 1 h ago"),
        (3700, "1 h ago"),
        (47.5 * 3600, "47 h ago"),
        (3 * 86400, "3 d ago"),
    ):
        assert shown("{{ at | moment }}", role, at=NOW - timedelta(seconds=ago)) == age
    assert "12:10 UTC" in shown("{{ at | moment }}", role, at=NOW + timedelta(minutes=10))
    assert shown("{{ text }}", role, text="asked 2026-02-28T22:30:05+00:00.") == "asked (time withheld)."
    assert "2026" not in environment().from_string("{{ at | moment }}").render(
        at=NOW
    )  # a macro knows no viewer


def test_programs_are_told_the_same_as_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """ISO 8601 with a zone, or ages; UIDs for nobody."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    told = {
        "at": NOW - timedelta(hours=5),
        "until": NOW + timedelta(hours=1),
        "lines": ({"detail": f"of {UID}.1 at 2026-02-28T22:30Z", "n": 1},),
    }
    reader, admin = (Viewer(1, "x", "X", role, "") for role in ("reader", "admin"))
    assert templates.told_to(reader, told) == {
        "at": "5 h ago",
        "until": "2026-03-01T13:00:00+00:00",
        "lines": [{"detail": "of (UID withheld) at (time withheld)", "n": 1}],
    }
    assert templates.told_to(admin, told)["at"] == "2026-03-01T07:00:00+00:00"
    assert "22:30Z" in str(templates.told_to(admin, told))


@pytest.mark.parametrize(
    ("ago", "shown"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=23, minutes=59), "23 h"),
        (timedelta(days=1), "1 d"),
        (timedelta(days=400), "400 d"),
        (timedelta(seconds=-5), "0 s"),
    ],
)
def test_how_long_ago_in_the_largest_unit(
    monkeypatch: pytest.MonkeyPatch, ago: timedelta, shown: str
) -> None:
    """Never less than nothing: the database's clock may be a little ahead of this process's."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    assert elapsed(NOW - ago) == shown


def test_without_a_time_nothing_is_counted() -> None:
    """A dash."""
    assert elapsed(None) == "–"


@pytest.mark.parametrize(
    ("text", "shown"), [("20260131", "2026-01-31"), ("2026", "2026"), ("2026013x", "2026013x"), ("", "–")]
)
def test_a_dicom_date_is_shown_as_people_write_it(text: str, shown: str) -> None:
    """Anything else as it is."""
    assert day(text) == shown


def test_what_a_template_writes_is_escaped_and_has_no_uid() -> None:
    """Without the template having to think of it."""
    made = environment().from_string("{{ text }} {{ [text] | join }}").render(text=f"<b>MR.{UID}</b>")
    assert made == "&lt;b&gt;MR.(UID withheld)&lt;/b&gt; &lt;b&gt;MR.(UID withheld)&lt;/b&gt;"


def test_verbatim_keeps_a_uid_and_still_escapes() -> None:
    """For what a reader typed, and for the UIDs of de-identified copies."""
    made = environment().from_string("{{ text | verbatim }}").render(text=f"<b>{UID}</b>")
    assert made == f"&lt;b&gt;{UID}&lt;/b&gt;"
    assert verbatim(7) == "7"


def test_a_value_that_is_missing_is_an_error() -> None:
    """A template with a misspelt name must not show an empty place."""
    with pytest.raises(UndefinedError):
        environment().from_string("{{ misspelt }}").render()
