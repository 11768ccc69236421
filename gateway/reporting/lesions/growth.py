"""How much a lesion grew since the patient's prior signed report: computed from the measures, never remembered."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.reporting.lesions.lesion import Lesion, PriorMeasures

#: Mean length of a Gregorian month.
DAYS_PER_MONTH = Decimal("30.436875")
_MEASURES = (("long_axis_mm", "mm", "axis"), ("volume_cm3", "cm3", "volume"))


@dataclass(frozen=True)
class Growth:
    """One change since the prior report, negative when smaller; `concept` is a key of `codes.json`.

    `unit` is mm, cm3, % of the prior value, or mm and cm3 a month of 30.44 days (`mm/mo`, `cm3/mo`).
    """

    concept: str
    value: Decimal
    unit: str


def growth_of(lesion: Lesion) -> list[Growth]:
    """The changes of a lesion since the prior report; empty when there is no prior measure."""
    if lesion.prior is None:
        return []
    return growth(lesion.prior, lesion.long_axis_mm, lesion.volume_cm3)


def growth(prior: PriorMeasures, long_axis_mm: Decimal | None, volume_cm3: Decimal | None) -> list[Growth]:
    """The changes of axis (mm) and volume (cm3) that both reports measured; no percentage of a prior value of zero."""
    grown: list[Growth] = []
    months = prior.days / DAYS_PER_MONTH
    present = {"long_axis_mm": long_axis_mm, "volume_cm3": volume_cm3}
    for measure, unit, name in _MEASURES:
        now, before = present[measure], getattr(prior, measure)
        if now is None or before is None:
            continue
        change = now - before
        grown.append(Growth(f"growth_{name}", _rounded(change, 3), unit))
        if before:
            grown.append(Growth(f"growth_{name}_percent", _rounded(100 * change / before, 1), "%"))
        grown.append(Growth(f"growth_{name}_month", _rounded(change / months, 2), f"{unit}/mo"))
    return grown


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
