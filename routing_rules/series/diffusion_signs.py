"""Signs of diffusion: a b-value, and what makes a sequence one that can diffuse. b-values in s/mm²."""

from __future__ import annotations

from routing_rules.series.signs import (
    DIFFUSION_FROM_B,
    ImageGroup,
    Sign,
    all_of,
    any_of,
    b_value_high,
    epi,
    equals,
    gradient_echo,
    lacks,
    means,
    role,
)

_TRAIN_OF_EPI = 30
"""Echoes: an EchoTrainLength from here on may count those of an echo-planar readout."""


def _diffusion_marked(view: ImageGroup) -> str | None:
    """Gradients, directions, or flags of the vendor: something beside the b-value."""
    return view.marks[0] if view.marks else None


def _several_b_values(view: ImageGroup) -> str | None:
    """Two b-values or more in the series, one of them at least 50."""
    if view.b_values > 1 and b_value_high(view):
        return f"{view.b_values} b-values"
    return None


def _only_unweighted(view: ImageGroup) -> str | None:
    """Every image of the series states a b-value, and all are below 50."""
    if view.b_unknown or view.max_b is None or view.max_b >= DIFFUSION_FROM_B:
        return None
    return f"b-values up to {view.max_b:g} s/mm² only"


def _readout_untold(view: ImageGroup) -> str | None:
    """Philips calls EPI with spin echoes SE: without its name, factor, bandwidth or train a T2 and a DWI are alike."""
    image = view.image
    told = (
        view.meanings
        or image.acquisition_type == "3D"
        or image.epi_factor is not None
        or image.pixel_bandwidth_hz
        or 2 <= (image.echo_train_length or 0) < _TRAIN_OF_EPI
    )
    if told or not image.manufacturer.casefold().startswith("philips"):
        return None
    return "Philips, and no name of the sequence, EPI factor, PixelBandwidth or train of a fast spin echo"


def _denied(view: ImageGroup) -> str | None:
    """The vendor's flags for diffusion are all zero."""
    return "the vendor's flags for diffusion are zero" if view.image.diffusion_denied else None


diffusion_named = any_of(role("diffusion"), equals("acquisition_contrast", "DIFFUSION"), means("diffusion"))
diffusion_marked: Sign = _diffusion_marked
several_b_values: Sign = _several_b_values
readout_untold: Sign = _readout_untold
only_unweighted: Sign = _only_unweighted
denied: Sign = _denied
can_diffuse = any_of(all_of(epi, lacks("gradient echo", gradient_echo)), diffusion_named)
"""Echo planar with spin echoes, or named diffusion: a gradient-echo EPI with a b-value is perfusion or fMRI."""
