"""Each sign holds where its attribute proves it, says with which evidence, and is silent otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules.series import signs
from routing_rules.series.image_attributes import ImageTraits
from routing_rules.series.signs import ImageGroup, Sign

NAMED = [
    signs.b_value_high, signs.several_planes, signs.several_echoes, signs.maps_beside, signs.mapping_echoes,
    signs.mapping_inversions, signs.dynamic, signs.past_csf_null, signs.epi, signs.spin_echo,
    signs.gradient_echo, signs.inversion,
]  # fmt: skip


def group(
    *,
    meanings: tuple[str, ...] = (),
    roles: tuple[str, ...] = (),
    series_roles: tuple[str, ...] = (),
    max_b: float | None = None,
    images: int = 30,
    planes: int = 1,
    echo_times: int = 1,
    inversion_times: int = 0,
    images_per_place: float = 1.0,
    **image: Any,
) -> ImageGroup:
    """A group of images with these traits and nothing else."""
    return ImageGroup(
        ImageTraits(**image),
        frozenset(meanings),
        frozenset(roles),
        frozenset(series_roles),
        max_b,
        images,
        planes,
        echo_times,
        inversion_times,
        images_per_place,
    )


@pytest.mark.parametrize("sign", NAMED)
def test_an_image_that_says_nothing_shows_no_sign(sign: Sign) -> None:
    """Silence is no evidence."""
    assert sign(group()) is None


@given(value=st.floats(0, 10_000), low=st.floats(0, 10_000), high=st.floats(0, 10_000))
def test_a_number_lies_within_its_limits_both_included(value: float, low: float, high: float) -> None:
    """The evidence names attribute, number and unit; an absent number is never within."""
    said = signs.within("echo_time_ms", low, high)(group(echo_time_ms=value))
    assert said == (f"EchoTime {value:g} ms" if low <= value <= high else None)
    assert signs.within("echo_time_ms", 0, 10_000)(group()) is None
    assert signs.within("echo_time_ms", value, value)(group(echo_time_ms=value)) is not None


def test_one_of_several_numbers_is_enough() -> None:
    """A double inversion has one time within the limits."""
    sign = signs.within("inversion_times_ms", 2000, 3000)
    assert sign(group(inversion_times_ms=(450.0, 2500.0))) == "InversionTime 2500 ms"
    assert sign(group(inversion_times_ms=(450.0, 3500.0))) is None


def test_zero_is_as_good_as_absent() -> None:
    """Scanners write it for "not applicable"."""
    sign = signs.unknown("inversion_times_ms")
    assert sign(group()) == sign(group(inversion_times_ms=(0.0,))) == "no InversionTime"
    assert sign(group(inversion_times_ms=(0.0, 900.0))) is None


def test_values_and_words_are_evidence_under_their_keywords() -> None:
    """A token of many, one value of one, a role, a meaning."""
    assert signs.has("scan_options", "FC", "FS")(group(scan_options=("FS",))) == "ScanOptions FS"
    assert signs.equals("echo_planar", "YES")(group(echo_planar="YES")) == "EchoPlanarPulseSequence YES"
    assert signs.equals("echo_planar", "YES")(group(echo_planar="YESSIR")) is None
    assert signs.means("field_map")(group(meanings=("field_map",), sequence_names=("*fm2d",))) == (
        "pulse sequence *fm2d: field map"
    )
    shown = group(roles=("adc",), image_type=("DERIVED", "ADC"))
    assert signs.role("adc", "trace")(shown) == "ImageType DERIVED\\ADC: adc"
    said = group(roles=("adc",), private_roles=("adc",))
    assert signs.role("adc")(said) == "a private attribute of the vendor says adc"


def test_signs_combine() -> None:
    """The first that holds is the evidence; the lack of a sign is a sign."""
    both = signs.any_of(signs.spin_echo, signs.inversion)
    image = group(scanning_sequence=("SE", "IR"))
    assert both(image) == "ScanningSequence SE"
    every = signs.all_of(signs.spin_echo, signs.inversion)
    assert every(image) == "ScanningSequence SE; ScanningSequence IR"
    assert every(group(scanning_sequence=("SE",))) is None
    assert signs.lacks("inversion", both)(image) is None
    assert signs.lacks("inversion", both)(group()) == "no inversion"


def test_a_description_is_searched_with_its_underscores_as_blanks() -> None:
    """In description and protocol name, whatever the case."""
    sign = signs.described(r"\bflair\b")
    assert sign(group(protocol_name="T2_FLAIR_sag")) == "the description says FLAIR"
    assert sign(group(description="flairish")) is None


@pytest.mark.parametrize(
    ("sign", "just", "not_yet"),
    [
        (signs.b_value_high, {"max_b": 50.0}, {"max_b": 49.9}),
        (signs.several_planes, {"planes": 2, "images": 30}, {"planes": 2, "images": 31}),
        (signs.several_planes, {"planes": 3, "images": 90}, {"planes": 3, "images": 91}),
        (signs.epi, {"epi_factor": 2.0}, {"epi_factor": 1.0}),
        (signs.several_echoes, {"echo_times": 2}, {"echo_times": 1}),
        (signs.mapping_echoes, {"echo_times": 4}, {"echo_times": 3}),
        (signs.mapping_inversions, {"inversion_times_ms": (1.0, 2.0)}, {"inversion_times_ms": (0.0, 2.0)}),
        (signs.mapping_inversions, {"inversion_times": 2}, {"inversion_times": 1}),
        (signs.dynamic, {"images_per_place": 3.0}, {"images_per_place": 2.9}),
        (signs.maps_beside, {"series_roles": ("map", "adc")}, {"series_roles": ("adc",)}),
        (
            signs.epi,
            {"gradient_echo_train_length": 9.0, "echo_time_ms": 15.0},
            {"gradient_echo_train_length": 9.0, "echo_time_ms": 4.0},
        ),
    ],
)
def test_a_sign_holds_from_its_limit_on(sign: Sign, just: dict[str, Any], not_yet: dict[str, Any]) -> None:
    """And not before it."""
    assert sign(group(**just)) is not None
    assert sign(group(**not_yet)) is None


@given(tr=st.floats(1000, 20_000), share=st.floats(0.5, 2.0).filter(lambda share: abs(share - 1.2) > 0.01))
def test_fluid_is_past_its_null_where_its_magnetisation_has_recovered(tr: float, share: float) -> None:
    """At the null 1 - 2 exp(-TI/T1) + exp(-TR/T1) is zero; from 1.2 times this time on it is no FLAIR."""
    low, high = 0.0, tr
    for _ in range(60):
        middle = (low + high) / 2
        recovered = 1 - 2 * 2.718281828459045 ** (-middle / 4300) + 2.718281828459045 ** (-tr / 4300)
        low, high = (middle, high) if recovered < 0 else (low, middle)
    image = group(inversion_times_ms=(low * share,), repetition_time_ms=tr)
    assert (signs.past_csf_null(image) is not None) == (share > 1.2)
