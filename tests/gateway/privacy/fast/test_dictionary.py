"""The VR of an element that does not tell it."""

from __future__ import annotations

import pytest

from gateway.privacy.fast.dictionary import dictionary_vr, vr_of


@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x00100010, "PN"),
        (0x00081140, "SQ"),
        (0x00280106, "US or SS"),
        (0x60003000, "OB or OW"),
        (0x00290010, "UN"),
        (0x00291010, "UN"),
        (0x00080003, "UN"),
    ],
)
def test_the_dictionary_says_it_where_the_standard_does(tag: int, vr: str) -> None:
    """A choice as a choice, repeating groups, too; private and unassigned tags are unknown."""
    assert dictionary_vr(tag) == vr


def test_only_implicit_vr_needs_the_dictionary() -> None:
    """Elements of explicit VR are taken at their word."""
    assert vr_of(True) is dictionary_vr
    assert vr_of(False) is None
