"""Constant words: vendors' names and defined terms are no identification where they stand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.privacy.words.constants import IMPLEMENTATION_VERSION_NAME, is_standard_code, vendor_words

terms = st.sampled_from(["ORIGINAL", "PRIMARY", "DERIVED", "SECONDARY", "AXIAL", "MR"])
strangers = st.text(st.sampled_from("BCDFGHJKLMNPQRSTVWXYZ"), min_size=8, max_size=14).map(lambda t: "QZ" + t)


@given(st.lists(terms, min_size=1, max_size=5), st.sampled_from(" _\\"))
@settings(derandomize=True)
def test_defined_terms_are_standard_however_they_are_joined(codes: list[str], joint: str) -> None:
    """Several terms in one coded string are as standard as each alone, padding or not."""
    assert is_standard_code(joint.join(codes) + " ")
    assert is_standard_code(joint.join(codes) + "\0")


@given(st.lists(terms, max_size=4), strangers, st.integers(0, 4), st.sampled_from(" _\\"))
@settings(derandomize=True)
def test_one_unknown_part_makes_a_coded_string_suspect(
    codes: list[str], name: str, at: int, joint: str
) -> None:
    """A name among defined terms is still a name."""
    assert not is_standard_code(joint.join([*codes[:at], name, *codes[at:]]))


@pytest.mark.parametrize("value", ["original", "PRIMARY1", "PRIMARY-AXIAL", "PRIMARY^AXIAL", "4711"])
def test_what_only_resembles_a_term_is_none(value: str) -> None:
    """Terms are upper case and whole: no prefix, no other delimiter, no number."""
    assert not is_standard_code(value)


def test_vendor_words_are_casefolded_words() -> None:
    """The search compares casefolded words; one with a capital or a space could never match."""
    assert "siemens" in vendor_words()
    assert all(
        word == word.casefold() and word == word.strip() and " " not in word for word in vendor_words()
    )


def test_the_implementation_version_name_fits_its_vr() -> None:
    """Implementation Version Name is an SH of at most 16 characters (PS3.10 7.1)."""
    assert IMPLEMENTATION_VERSION_NAME.isascii()
    assert 0 < len(IMPLEMENTATION_VERSION_NAME) <= 16
