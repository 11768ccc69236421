"""DERIVED alone does not say whether pixels are still the acquisition."""

from __future__ import annotations

import pytest

from routing_rules.series.derivation import Derivation, Derived
from routing_rules.series.derivation_signs import computed, derived_unsaid, filtered, lossy
from routing_rules.series.image_attributes import ImageTraits
from routing_rules.series.signs import ImageGroup

COMPRESSED, COMPUTED = Derived(Derivation.COMPRESSED), Derived(Derivation.COMPUTED)


def group(image_type: str, derivation: Derived) -> ImageGroup:
    """One group of images of this type and derivation."""
    traits = ImageTraits(image_type=tuple(image_type.split("\\")), derivation=derivation)
    return ImageGroup(traits, frozenset(), frozenset(), frozenset(), None, 1, 1, 1)


@pytest.mark.parametrize(
    ("image_type", "derivation", "is_computed", "is_unsaid"),
    [
        ("ORIGINAL\\PRIMARY\\M", COMPUTED, False, False),
        ("DERIVED\\PRIMARY\\M_IR\\M\\IR", Derived(lossy=True), False, False),
        ("DERIVED\\SECONDARY\\M", COMPRESSED, False, False),
        ("DERIVED\\PRIMARY", COMPRESSED, False, False),
        ("DERIVED\\PRIMARY\\M", Derived(), False, True),
        ("DERIVED\\PRIMARY", Derived(), True, True),
        ("DERIVED\\SECONDARY\\M", Derived(), True, True),
        ("DERIVED\\PRIMARY\\NOVEL", Derived(lossy=True), True, False),
        ("DERIVED\\SECONDARY\\OTHER", Derived(lossy=True), False, False),
        ("DERIVED\\SECONDARY\\OTHER", Derived(lossy=True, unclear=True), True, True),
        ("DERIVED\\PRIMARY\\M", Derived(lossy=True, unclear=True), False, True),
        ("DERIVED\\PRIMARY\\VOLUME\\NONE", Derived(lossy=True), False, False),
        ("DERIVED\\PRIMARY\\VOLUME\\SUBTRACTION", Derived(lossy=True), True, False),
        ("DERIVED\\PRIMARY\\M", COMPUTED, True, False),
        ("DERIVED\\PRIMARY\\M", Derived(lossy=True, sources=2), True, False),
        ("DERIVED\\PRIMARY\\M", Derived(sources=1), False, True),
    ],
)
def test_value_description_and_sources_decide_together(
    image_type: str, derivation: Derived, is_computed: bool, is_unsaid: bool
) -> None:
    """Computed where something says so or nothing says otherwise; in place where compression or value 3 says so."""
    view = group(image_type, derivation)
    assert (computed(view) is not None, derived_unsaid(view) is not None) == (is_computed, is_unsaid)


def test_what_was_done_in_place_is_told() -> None:
    """Compression and filters are remarks, each by its own."""
    assert lossy(group("ORIGINAL\\PRIMARY", Derived(lossy=True)))
    assert lossy(group("ORIGINAL\\PRIMARY", COMPRESSED))
    assert not lossy(group("ORIGINAL\\PRIMARY", Derived()))
    assert filtered(group("DERIVED\\PRIMARY", Derived(Derivation.FILTERED)))
    assert not filtered(group("DERIVED\\PRIMARY", COMPRESSED))
