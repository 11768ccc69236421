"""The searchable forms of a name: what is searched for in pixels and text of an object that leaves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.privacy.words.person_names import name_parts

words = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), min_size=4, max_size=10).map(
    lambda t: "Qx" + t
)


@given(words, words)
@settings(derandomize=True)
def test_family_and_given_name_are_searched_alone_and_joined(family: str, given_name: str) -> None:
    """Each component, both orders without a gap, and each with the other's initial."""
    parts = {part.casefold() for part in name_parts(f"{family}^{given_name}")}
    joined = (family + given_name, given_name + family, given_name[0] + family, family + given_name[0])
    assert {part.casefold() for part in (family, given_name, *joined)} <= parts


@given(st.text(max_size=30))
@settings(derandomize=True, max_examples=200)
def test_no_form_is_a_single_letter_or_holds_a_delimiter(name: str) -> None:
    """Whatever a sender writes, nothing is searched that would be in every object."""
    for part in name_parts(name):
        assert len(part) >= 2
        assert not set(part) & set("^=\x00\x1f\x7f")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("Müller-Lüdenscheidt^Jörg", "Lüdenscheidt"),
        ("Müller^Jörg", "muller"),
        ("O'Brienx^Pat", "Brienx"),
        ("Yamada^Tarou=山田^太郎", "山田"),
        ("Yamada^Tarou=山田^太郎", "山田太郎"),
        ("Probe, Petra", "ProbePetra"),
    ],
)
def test_hyphens_accents_and_other_scripts_have_their_forms(name: str, form: str) -> None:
    """Half of a double name, a name without its accents, and each component group are found as well."""
    assert form in name_parts(name)


@pytest.mark.parametrize("name", ["", "^^^^", "^", "X", "Dr^^^", "^^^^Prof", "von^", "A^B"])
def test_titles_particles_and_letters_say_nothing(name: str) -> None:
    """What is in many names or in every text is no form to search."""
    assert name_parts(name) == set()


def test_a_control_character_does_not_hide_a_name() -> None:
    """A name with a control character in the middle is searched as it is read."""
    assert "Probe" in name_parts("Pro\x00be^Petra")


def test_a_single_ideograph_counts_with_the_rest_of_its_name() -> None:
    """One ideograph alone is in many texts; family and given name together are not."""
    parts = name_parts("李^明")
    assert "李明" in parts
    assert not {"李", "明"} & parts
