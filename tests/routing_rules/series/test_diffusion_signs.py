"""Signs of diffusion speak of the whole series."""

from __future__ import annotations

from dataclasses import replace

from routing_rules.series import diffusion_signs as signs
from routing_rules.series.image_attributes import ImageTraits
from routing_rules.series.signs import ImageGroup

SILENT = ImageGroup(ImageTraits(), frozenset(), frozenset(), frozenset(), None, 10, 1, 1)


def test_a_series_that_says_nothing_shows_no_sign() -> None:
    """Silence is no evidence of diffusion, nor of its absence."""
    for sign in (
        signs.diffusion_named,
        signs.diffusion_marked,
        signs.several_b_values,
        signs.only_unweighted,
        signs.denied,
    ):
        assert sign(SILENT) is None


def test_all_images_must_state_a_low_b_value_to_show_no_diffusion() -> None:
    """One image that says nothing may be the weighted one."""
    assert signs.only_unweighted(replace(SILENT, max_b=0.0, b_values=1))
    assert signs.only_unweighted(replace(SILENT, max_b=0.0, b_values=1, b_unknown=1)) is None
    assert signs.only_unweighted(replace(SILENT, max_b=50.0, b_values=1)) is None


def test_several_b_values_count_when_one_of_them_weights() -> None:
    """0 and 40 are no diffusion yet."""
    assert signs.several_b_values(replace(SILENT, max_b=1000.0, b_values=2)) == "2 b-values"
    assert signs.several_b_values(replace(SILENT, max_b=40.0, b_values=2)) is None
    assert signs.several_b_values(replace(SILENT, max_b=1000.0, b_values=1)) is None


def test_marks_names_and_denials_are_evidence() -> None:
    """Each in its own words."""
    assert signs.diffusion_marked(replace(SILENT, marks=("a mark",))) == "a mark"
    assert signs.diffusion_named(replace(SILENT, image=ImageTraits(acquisition_contrast="DIFFUSION")))
    assert signs.denied(replace(SILENT, image=ImageTraits(diffusion_denied=True)))


def test_an_echo_planar_sequence_can_diffuse_unless_it_has_gradient_echoes() -> None:
    """Perfusion and fMRI are echo planar as well; what is named diffusion can always."""
    for sequence, named, can in (
        (("EP", "SE"), "", True),
        (("EP", "GR"), "", False),
        (("SE",), "", False),
        (("SE",), "DIFFUSION", True),
    ):
        image = ImageTraits(scanning_sequence=sequence, acquisition_contrast=named)
        assert bool(signs.can_diffuse(replace(SILENT, image=image))) is can
