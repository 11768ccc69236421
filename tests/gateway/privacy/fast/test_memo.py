"""What is remembered of elements is given back only where it is true again."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.privacy.fast.memo import (
    LONGEST_REMEMBERED,
    PROBE,
    SHIFTING,
    Among,
    CleanedElement,
    Memo,
    NestingLevel,
    bulk_head,
    keeps,
    runs_of_digits,
)
from gateway.privacy.identifiers.pieces import pieces_of


def among(*volatile: str) -> Among:
    """Who asks for an object with these UIDs and dates."""
    return lambda digits: frozenset(value for value in volatile if value in " ".join(digits))


def test_a_text_without_digits_is_remembered_for_every_object() -> None:
    """It depends on no UID and no date."""
    memo: Memo[CleanedElement] = Memo()
    kept = CleanedElement(b"out")
    memo.keep(b"key", kept, among("20240229"))
    assert memo.plain[b"key"] is kept
    assert len(memo) == 1


def test_a_text_with_digits_is_remembered_by_what_of_the_object_is_in_it() -> None:
    """The same bytes may be a date of one object and nobody's of the next."""
    memo: Memo[CleanedElement] = Memo()
    removed, kept = CleanedElement(None, digits=("20240229",)), CleanedElement(b"out", digits=("20240229",))
    memo.keep(b"key", removed, among("20240229"))
    assert memo.plain == {}
    assert memo.recall(b"key", among("20240229")) is removed
    assert memo.recall(b"key", among("20240301")) is None
    memo.keep(b"key", kept, among("20240301"))
    assert memo.recall(b"key", among("19990101")) is kept
    assert memo.recall(b"key", among("20240229")) is removed


def test_shifting_and_long_texts_are_not_remembered() -> None:
    """Escape sequences may part digits; long ones would fill the memory."""
    memo: Memo[CleanedElement] = Memo()
    memo.keep(b"key", CleanedElement(b"out", digits=SHIFTING), among())
    memo.keep(b"k" * LONGEST_REMEMBERED, CleanedElement(b"out"), among())
    assert len(memo) == 0
    assert memo.recall(b"key", among()) is None


def test_what_is_forgotten_is_asked_again() -> None:
    """Nothing of it stays in memory."""
    memo: Memo[CleanedElement] = Memo()
    memo.keep(b"plain", CleanedElement(b"a"), among())
    memo.keep(b"dated", CleanedElement(b"b", digits=("20240229",)), among())
    memo.clear()
    assert (len(memo), memo.plain, memo.digits) == (0, {}, {})


@given(
    before=st.binary(max_size=9),
    run=st.from_regex(rb"[0-9.]{8,30}", fullmatch=True),
    after=st.binary(max_size=9),
)
def test_no_uid_or_date_in_a_text_is_missed(before: bytes, run: bytes, after: bytes) -> None:
    """It is inside one of the runs of digits, or the text is looked at every time."""
    runs = runs_of_digits(before + run + after)
    if b"\x1b" in before + after:
        assert runs is SHIFTING
    elif runs is not SHIFTING:
        assert any(run.decode("ascii") in one for one in runs)


def test_short_runs_of_digits_are_no_date() -> None:
    """Seven digits are neither a date nor a UID."""
    assert runs_of_digits(b"t2 1234567 tse") == ()


def test_a_level_below_inherits_the_character_set() -> None:
    """Unless the item has its own; the same place is the same level, one deeper."""
    level, children = NestingLevel({}, b"outer", 1, False), {}
    inherited, own = level.child(children, b""), level.child(children, b"inner")
    assert (inherited.charset, own.charset) == (b"outer", b"inner")
    assert inherited is level.child(children, b"")
    assert (inherited.depth, inherited.implicit) == (2, False)


def test_the_header_of_a_large_value_is_that_of_the_small_one_with_its_length() -> None:
    """Only if the small one was kept to its last byte."""
    head = b"\xe1\x7f\x10\0OB\0\0"
    plan = CleanedElement(head + len(PROBE).to_bytes(4, "little") + PROBE)
    assert keeps(plan)
    assert bulk_head(plan, 5000) == head + (5000).to_bytes(4, "little")
    assert not keeps(CleanedElement(None))
    assert not keeps(CleanedElement(head + b"\0\0\0\0"))


@given(st.lists(st.sampled_from(["12", "5", "10", "50", "2000", "19501012", "t", "mm"]), max_size=7))
@settings(derandomize=True)
def test_no_date_in_pieces_is_missed(words: list[str]) -> None:
    """Whatever cleaning leaves of a text, a date that it says is among the runs, or it is looked at every time."""
    runs = runs_of_digits(" ".join(words).encode())
    for left in (words, words[::2], [word for word in words if word != "5"]):
        assert runs is SHIFTING or pieces_of(" ".join(left)).dates <= set(runs)


def test_a_digit_behind_another_alphabet_is_looked_at_every_time() -> None:
    """It may be the second byte of one character (GB 18030)."""
    assert runs_of_digits(b"\x81\x30\x81\x35 12") is SHIFTING
