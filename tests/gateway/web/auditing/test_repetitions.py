"""One line for a session and a thing, and how often it was looked at again."""

from __future__ import annotations

import pytest

from gateway.records.ledger import Look
from gateway.web.auditing import repetitions
from gateway.web.auditing.repetitions import ONE_LOOK_S, Repetitions

LOOK = Look("ana", "pictures looked at", "case 1", "10.0.0.1", 1)


class Lines(list[Look]):
    """What was written, and what time it is."""

    time = 0.0

    def repetitions(self) -> Repetitions:
        return Repetitions(self.append, lambda: self.time)


def look(kept: Repetitions, session: str = "s", of: Look = LOOK) -> None:
    """As the middleware does."""
    if not kept.is_repeated(session, of):
        kept.begin(session, of)


def test_hundreds_of_pictures_are_one_line_and_a_number() -> None:
    """The line at the first, the number when the time is over."""
    lines = Lines()
    kept = lines.repetitions()
    for _ in range(300):
        look(kept)
    assert lines == [LOOK]
    lines.time = ONE_LOOK_S
    look(kept)
    assert [line.again for line in lines] == [0, 0, 299]


def test_sessions_addresses_and_cases_are_told_apart() -> None:
    """A cookie that somebody took is used from elsewhere."""
    lines = Lines()
    kept = lines.repetitions()
    look(kept)
    look(kept, "t")
    look(kept, of=Look("ana", "pictures looked at", "case 1", "10.0.0.2", 1))
    look(kept, of=Look("ana", "pictures looked at", "case 2", "10.0.0.1", 2))
    assert len(lines) == 4


def test_the_end_tells_what_is_counted() -> None:
    """What was looked at once has its line already."""
    lines = Lines()
    kept = lines.repetitions()
    look(kept)
    look(kept, "t")
    look(kept, "t")
    kept.end()
    assert [line.again for line in lines] == [0, 0, 1]
    kept.end()
    assert len(lines) == 3


def test_what_cannot_be_written_is_not_taken_for_written() -> None:
    """The next look tries again."""

    def fail(_: Look) -> None:
        raise OSError

    kept = Repetitions(fail)
    for _ in range(2):
        with pytest.raises(OSError):
            look(kept)


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many sessions somebody makes."""
    monkeypatch.setattr(repetitions, "MOST_KEPT", 5)
    lines = Lines()
    kept = lines.repetitions()
    for number in range(40):
        look(kept, str(number))
    assert len(kept._kept) <= 5
    assert len(lines) == 40
