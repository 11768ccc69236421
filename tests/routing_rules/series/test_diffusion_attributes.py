"""A b-value is proven, left over, or contradicted by what stands beside it."""

from __future__ import annotations

from typing import Any

import pytest

from routing_rules.series.image_attributes import ImageTraits, read_traits
from support.objects.mr_headers import enhanced, header, private

GE_B = (0x0043, "GEMS_PARM_01", 0x39, "IS")
GE_FLAG = (0x0043, "GEMS_PARM_01", 0x30, "SS")
GE_DIRECTION = (0x0021, "GEMS_RELA_01", 0x5A, "SL")


def read(*elements: tuple[Any, ...], **attributes: Any) -> ImageTraits:
    """The traits of one image with these private elements and attributes."""
    ds = header(**attributes)
    for element in elements:
        private(ds, *element)
    return read_traits(ds)[0]


@pytest.mark.parametrize(
    ("flags", "sequence", "b_value", "unproven"),
    [
        ((), ["SE", "IR"], None, 1000),
        ((), ["EP", "GR"], None, 1000),
        ((), ["EP", "SE"], 1000, None),
        ((), ["EP"], None, 1000),
        (((*GE_FLAG, 0),), ["EP"], None, 1000),
        (((*GE_FLAG, 0), (*GE_DIRECTION, 0)), ["EP", "SE"], 1000, None),
        (((*GE_FLAG, 16),), ["RM"], 1000, None),
        (((*GE_DIRECTION, 7),), ["SE"], 1000, None),
        (((*GE_FLAG, 14), (*GE_DIRECTION, 7)), ["EP", "SE"], 0, 1000),
    ],
)
def test_the_last_b_value_of_ge_counts_only_beside_a_flag_or_in_a_spin_echo_epi(
    flags: tuple[Any, ...], sequence: list[str], b_value: float | None, unproven: float | None
) -> None:
    """(0021,xx5A), (0043,xx30) or EPI with spin echoes; the flag for T2 says that this image has b = 0."""
    image = read((*GE_B, [1000, 8, 0, 0]), *flags, ScanningSequence=sequence)
    assert (image.b_value, image.unproven_b_value) == (b_value, unproven)


def test_flags_that_are_zero_deny() -> None:
    """Only where they are there, and only where nothing else speaks of diffusion."""
    assert read((*GE_FLAG, 0)).diffusion_denied
    assert not read().diffusion_denied
    assert not read((*GE_FLAG, 0), (*GE_DIRECTION, 16)).diffusion_denied


def test_what_only_diffusion_has_is_a_mark() -> None:
    """Direction, gradient, a comment with one; a b-value alone is none, private or public, nor is a zero."""
    philips = (0x2001, "Philips Imaging DD 001", 0x03, "FL")
    assert read((*philips, 1000.0), DiffusionBValue=1000.0).diffusion_marks == ()
    assert read(DiffusionDirectionality="ISOTROPIC").diffusion_marks == ()
    assert read(DiffusionDirectionality="DIRECTIONAL").diffusion_marks == (
        "DiffusionDirectionality DIRECTIONAL",
    )
    assert read(DiffusionDirectionality="NONE").diffusion_marks == ()
    assert read(DiffusionGradientOrientation=[0.0, 1.0, 0.0]).diffusion_marks == (
        "DiffusionGradientOrientation",
    )
    assert read(DiffusionGradientOrientation=[0.0, 0.0, 0.0]).diffusion_marks == ()
    assert read(Manufacturer="CANON_MEC", ImageComments="b=800(0.1,0.2,0.9)").diffusion_marks


def test_frames_have_marks_of_their_own() -> None:
    """The diffusion macro of a frame (PS3.3 C.8.13.5.9)."""
    frames = [{"MRDiffusionSequence": {"DiffusionDirectionality": each}} for each in ("NONE", "DIRECTIONAL")]
    plain, weighted = read_traits(enhanced(1, shared={}, frames=frames))  # type: ignore[arg-type]
    assert (plain.diffusion_marks, weighted.diffusion_marks) == ((), ("DiffusionDirectionality DIRECTIONAL",))
