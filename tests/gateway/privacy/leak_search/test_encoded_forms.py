"""A word is looked for in every way a file may write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.privacy.leak_search.encoded_forms import SHORTEST, encoded_forms

WORD = st.text(st.characters(codec="latin-1", categories=["L"]), min_size=4, max_size=12)


def holds(data: bytes, word: str) -> bool:
    """Whether one of the forms of `word` is in `data`."""
    return any(form in data.lower() for form, _ in encoded_forms(word))


@pytest.mark.parametrize("charset", ["latin-1", "utf-8", "cp1252", "utf-16-le", "utf-16-be"])
@given(word=WORD)
def test_a_western_word_is_found_in_every_character_set(charset: str, word: str) -> None:
    """Within other text, and as capitals."""
    for written in (word, word.upper(), word.lower(), word.title()):
        try:
            data = f"x {written} y".encode(charset)
        except UnicodeEncodeError:
            continue
        assert holds(data, word)


@pytest.mark.parametrize(
    ("word", "charset"),
    [
        ("山田太郎", "iso2022_jp"),
        ("山田太郎", "shift_jis"),
        ("山田太郎", "euc_jp"),
        ("김희중", "euc_kr"),
        ("김희중", "iso2022_kr"),
        ("王小东", "gb18030"),
        ("Люксембург", "iso8859-5"),
        ("Διονυσιος", "iso8859-7"),
        ("Şengül", "iso8859-9"),
    ],
)
def test_a_word_is_found_in_the_repertoire_of_its_script(word: str, charset: str) -> None:
    """Those of PS3.3 C.12.1.1.2."""
    assert holds(word.encode(charset), word)


@pytest.mark.parametrize("word", ["山田太郎", "渡辺直美子"])
def test_a_part_of_a_longer_run_is_found_without_its_escape_sequences(word: str) -> None:
    """With other ideographs before it, after it, or on both sides (PS3.5 6.1.2.5)."""
    for before, after in (("東", ""), ("", "東"), ("東", "京")):
        assert holds(f"{before}{word}{after}".encode("iso2022_jp"), word)


@given(word=st.text(max_size=8))
def test_forms_are_small_letters_and_long_enough(word: str) -> None:
    """One of two bytes a character is two bytes for each; the others have four bytes at least."""
    for form, wide in encoded_forms(word):
        assert form == form.lower()
        assert len(form) % 2 == 0 if wide else len(form) >= SHORTEST


def test_an_ascii_word_has_one_narrow_form() -> None:
    """All 8-bit repertoires write it alike, so that the search stays small."""
    assert [form for form, wide in encoded_forms("Zwirnlein") if not wide] == [b"zwirnlein"]
