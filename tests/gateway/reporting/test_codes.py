"""Codes of a report: what was published once keeps its meaning."""

from __future__ import annotations

from gateway.reporting.codes import CODES, EARLIER_CODES
from support.objects.read_reports import PUBLISHED


def test_a_published_code_stays_or_is_named_as_an_earlier_one() -> None:
    """A receiving system has rules by code: one that changes without a word makes them silent."""
    earlier = {(each.key, each.was.scheme_designator, each.was.value) for each in EARLIER_CODES}
    changed = {
        key
        for key, was in PUBLISHED.items()
        if (
            key not in CODES
            or (CODES[key].scheme_designator, CODES[key].value) != (was.scheme_designator, was.value)
        )
        and (key, was.scheme_designator, was.value) not in earlier
    }
    assert changed == set()
    assert set(CODES) - set(PUBLISHED) == set(), "add the new code to published_codes.txt"


def test_what_was_given_up_is_never_used_for_something_else() -> None:
    """A private code belongs to the key it was given to."""
    given_up = {each.was.value: each.key for each in EARLIER_CODES if each.was.scheme_designator == "99NPSR"}
    assert len(given_up) > 10
    again = {key: code.value for key, code in CODES.items() if code.value in given_up}
    assert {key for key in again if key.partition(".")[0] != given_up[again[key]].partition(".")[0]} == set()
