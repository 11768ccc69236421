"""How a word is spelled where its letters cannot be written."""

from __future__ import annotations

import pytest

from gateway.identity.spellings import spellings, unaccented


@pytest.mark.parametrize(
    ("word", "bare"),
    [("Müller", "muller"), ("Weiß", "weiss"), ("Søren", "soren"), ("Łukasz", "lukasz"), ("ÉLODIE", "elodie")],
)
def test_accents_are_taken_off(word: str, bare: str) -> None:
    """Of letters that have a base, and of those that only look as if they had."""
    assert unaccented(word) == bare


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("Müller", "mueller"),
        ("Mueller", "müller"),
        ("Weiß", "weiss"),
        ("Weiss", "weiß"),
        ("Jürgen-Åke", "juergen-aake"),
        ("Наталья", "natalya"),
        ("Щукин", "shchukin"),
    ],
)
def test_a_word_is_found_under_the_habits_of_its_country(word: str, written: str) -> None:
    """Umlauts written out and put together again, Cyrillic in Latin letters."""
    assert written in set(spellings(word))


def test_composed_and_decomposed_letters_are_one_spelling() -> None:
    """Archives store either."""
    assert "Müller" in set(spellings("Mu\N{COMBINING DIAERESIS}ller"))
