"""A private b-value becomes DiffusionBValue only where recognition holds the series for diffusion."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.privacy.profile.safe_private import DIFFUSION_KINDS, proven_b_value
from routing_rules.series.recognition import SeriesKind, classify_series
from support.objects.mr_evidence_traps import EVIDENCE_TRAPS
from support.objects.mr_headers import KNOWN, Known, header, private
from support.objects.mr_traps import TRAPS

GE_B = (0x0043, "GEMS_PARM_01", 0x39, "IS")
GE_FLAG = (0x0043, "GEMS_PARM_01", 0x30, "SS")
SERIES = [*KNOWN, *(trap.known for trap in (*TRAPS, *EVIDENCE_TRAPS))]


def promoted(*elements: tuple[Any, ...], kind: str | None = "dwi", **attributes: Any) -> float | None:
    """The b-value of one image with these private elements."""
    ds = header(**{"ScanningSequence": ["EP", "SE"], **attributes})
    for element in elements:
        private(ds, *element)
    return proven_b_value(ds, kind)


@pytest.mark.parametrize("kind", [*SeriesKind, None])
def test_the_kind_decides(kind: str | None) -> None:
    """Diffusion and trace have b-values; a T1, a map and a series that nobody recognised have none."""
    assert promoted((*GE_B, [1000, 8, 0, 0]), kind=kind) == (1000 if kind in DIFFUSION_KINDS else None)


@pytest.mark.parametrize(
    ("elements", "attributes", "b_value"),
    [
        (((*GE_B, [1000001000, 8, 0, 0]),), {}, 1000),
        (((*GE_B, [0, 8, 0, 0]),), {}, 0),
        (((*GE_B, [0, 8, 0, 0]),), {"ScanningSequence": "SE"}, None),
        (((*GE_B, [1000, 8, 0, 0]), (*GE_FLAG, 16)), {}, 1000),
        (((*GE_B, [1000, 8, 0, 0]), (*GE_FLAG, 14)), {}, None),
        (((*GE_B, [1000, 8, 0, 0]),), {"ImageType": ["DERIVED", "PRIMARY", "ADC"]}, None),
        (((*GE_B, [1000, 8, 0, 0]),), {"ImageType": ["DERIVED", "PRIMARY", "FA"]}, None),
        ((), {}, None),
    ],
)
def test_within_a_diffusion_series_each_image_proves_its_own(
    elements: tuple[Any, ...], attributes: dict[str, Any], b_value: float | None
) -> None:
    """Not a T2 by the vendor's flag, not a map; a zero only in an echo-planar image."""
    assert promoted(*elements, **attributes) == b_value


@pytest.mark.parametrize("known", SERIES, ids=lambda known: known.name)
def test_nothing_that_is_not_recognised_as_diffusion_gets_a_b_value(known: Known) -> None:
    """Every labelled series: where it is no diffusion, no b-value is promoted, whatever the scanner left in it."""
    (ds,) = known.headers(images=1)
    b_value = proven_b_value(ds, str(classify_series([ds]).kind))
    if known.kind not in ("dwi", "trace"):
        assert b_value is None
