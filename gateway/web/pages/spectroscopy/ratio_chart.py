"""The ratios of spectroscopy over a patient's visits, as the signed reports state them: one plot for each ratio."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from gateway.records.views.prior_reports import PriorReport
from gateway.reporting.lesions.spectrum import Spectrum
from gateway.reporting.report import Report
from routing_rules.statements.table import cited, text_of

RATIOS: Final = {"naa_cr": "NAA/Cr", "naa_cho": "NAA/Cho", "cho_cr": "Cho/Cr", "lip_cr": "Lip/Cr"}
PATTERN: Final = tuple(
    (text_of(name), cited(name))
    for name in ("mrs-lip-cr", "mrs-cho-cr", "mrs-naa-cho", "mrs-naa-cr", "mrs-sample")
)
"""What a source says of these ratios before, in and after IRIS, to read beside the plots."""
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 300, 150, 34.0, 14.0, 22.0, 26.0


@dataclass(frozen=True)
class Visit:
    """What one report says of the spectra of its study, so many days before the present one."""

    days: int
    spectra: tuple[Spectrum, ...]


@dataclass(frozen=True)
class Point:
    """One ratio of one voxel: of which lesion, None where none is named, and how many days before."""

    days: int
    lesion: int | None
    value: float


def visits(priors: Iterable[PriorReport]) -> tuple[Visit, ...]:
    """The earlier visits with spectra, oldest first; of a study that was read again, its newest report."""
    told = (
        Visit(prior.days, Report.as_signed(prior.content).spectra) for prior in priors if not prior.read_again
    )
    return tuple(sorted((visit for visit in told if visit.spectra), key=lambda visit: -visit.days))


def points(of: Sequence[Visit], ratio: str) -> list[Point]:
    """One ratio at each visit, voxel by voxel."""
    return [
        Point(visit.days, spectrum.lesion, float(value))
        for visit in of
        for spectrum in visit.spectra
        if (value := spectrum.values.known.get(ratio)) is not None
    ]


def charts(of: Sequence[Visit]) -> list[Markup]:
    """One plot for each ratio that was measured at all."""
    return [_chart(label, told) for ratio, label in RATIOS.items() if (told := points(of, ratio))]


def _chart(label: str, told: Sequence[Point]) -> Markup:
    longest = max(max(point.days for point in told), 1)
    highest = max(max(point.value for point in told), 1e-6) * 1.1
    lines: dict[int | None, list[Point]] = defaultdict(list)
    for point in told:
        lines[point.lesion].append(point)

    def across(days: int) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (1 - days / longest)

    def up(value: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / highest

    parts = Markup('<text class="year" x="{}" y="14">{}</text>').format(_WIDTH / 2, label)
    parts += Markup('<line class="axis" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>').format(
        _LEFT, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    )
    for lesion, line in lines.items():
        name = "no lesion named" if lesion is None else f"lesion {lesion}"
        if lesion is not None:  # voxels without a lesion may lie anywhere: no line joins them
            at = " ".join(f"{across(point.days):.1f},{up(point.value):.1f}" for point in line)
            parts += Markup('<polyline class="ratio" points="{}"/>').format(at)
        for point in line:
            parts += Markup(
                '<circle class="ratio" cx="{:.1f}" cy="{:.1f}" r="4"><title>{}</title></circle>'
            ).format(
                across(point.days), up(point.value), f"{label} {point.value:g}, {name}, {_when(point.days)}"
            )
    for days in sorted({longest, 0}):
        parts += Markup('<text class="month" x="{:.1f}" y="{}">{}</text>').format(
            min(max(across(days), _LEFT + 14), _WIDTH - _RIGHT - 24),
            _HEIGHT - 8,
            "today" if days == 0 else f"−{days} d",
        )
    described = "; ".join(
        f"{point.value:g} {_when(point.days)}" + (f" (lesion {point.lesion})" if point.lesion else "")
        for point in told
    )
    return Markup(
        '<svg class="plot ratios" role="img" aria-label="{}: {}" viewBox="0 0 {} {}">{}</svg>'
    ).format(label, described, _WIDTH, _HEIGHT, parts)


def _when(days: int) -> str:
    return f"{days} days before" if days else "today"
