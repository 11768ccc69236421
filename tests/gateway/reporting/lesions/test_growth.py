"""Growth is what two reports measured, per month of the days between their studies."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from gateway.reporting.codes import code
from gateway.reporting.lesions.growth import growth
from gateway.reporting.lesions.lesion import PriorMeasures

SIZE = st.decimals("0.1", 200, places=1)


def told(before: PriorMeasures, axis: str | None, volume: str | None) -> dict[str, str]:
    """Every change by its concept, with its unit."""
    sizes = [Decimal(size) if size else None for size in (axis, volume)]
    return {grown.concept: f"{grown.value} {grown.unit}" for grown in growth(before, *sizes)}


def test_axis_and_volume_are_told_in_all_their_units() -> None:
    """Twelve millimetres more in two months are six a month."""
    before = PriorMeasures(days=61, long_axis_mm=Decimal(24), volume_cm3=Decimal("2.5"))
    assert told(before, "36", "2") == {
        "growth_axis": "12.000 mm",
        "growth_axis_percent": "50.0 %",
        "growth_axis_month": "5.99 mm/mo",
        "growth_volume": "-0.500 cm3",
        "growth_volume_percent": "-20.0 %",
        "growth_volume_month": "-0.25 cm3/mo",
    }


def test_what_one_report_did_not_measure_has_not_grown() -> None:
    """No number is made up for a measure that is missing, and nothing is a percentage of zero."""
    assert told(PriorMeasures(days=30), "36", "2") == {}
    assert told(PriorMeasures(days=30, long_axis_mm=Decimal(24)), None, "2") == {}
    assert "growth_axis_percent" not in told(PriorMeasures(days=30, long_axis_mm=Decimal(0)), "2", None)


@given(st.integers(1, 5000), SIZE, SIZE)
def test_growth_and_its_month_have_one_sign_and_a_code(days: int, before: Decimal, now: Decimal) -> None:
    """Larger is positive in every unit, and each is a measure that the SR can carry (VR DS: 16 characters)."""
    for grown in growth(PriorMeasures(days=days, long_axis_mm=before), now, None):
        assert (grown.value > 0) <= (now > before)
        assert (grown.value < 0) <= (now < before)
        assert code(grown.concept)
        assert code(f"unit.{grown.unit}")
        assert len(str(grown.value)) <= 16
