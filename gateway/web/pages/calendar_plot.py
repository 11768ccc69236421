"""The plots of the surveillance page, drawn here as SVG: no script, no library, and every number also as text.

Colours are classes of app.css, because the content security policy allows no inline style.
"""

from __future__ import annotations

from datetime import date

from markupsafe import Markup

from gateway.web.foundation.templates import words
from routing_rules.surveillance.due_dates import CalendarState
from routing_rules.surveillance.sites import SiteSummary

ORDER = (
    CalendarState.MISSING,
    CalendarState.OVERDUE,
    CalendarState.UNKNOWN_DATA,
    CalendarState.DUE,
    CalendarState.NOT_DUE,
)
"""From what is worst to what is well."""
WIDTH, BAR_HEIGHT, GAP = 600.0, 26, 3.0
MONTHS_HEIGHT, FLOOR, CEILING = 156, 118.0, 22.0


def state_bar(summary: SiteSummary) -> Markup:
    """One bar of the patients of a site, divided by where they stand."""
    told = ", ".join(f"{summary.counts[state]} {words(state).lower()}" for state in ORDER)
    shown = [state for state in ORDER if summary.counts[state]]
    width_left = WIDTH - GAP * max(0, len(shown) - 1)
    parts, left = Markup(), 0.0
    for state in shown:
        width = width_left * summary.counts[state] / summary.patients
        parts += Markup(
            '<rect class="is-{}" x="{:.1f}" y="0" width="{:.1f}" height="{}" rx="4"><title>{}: {}</title></rect>'
        ).format(state, left, width, BAR_HEIGHT, words(state), summary.counts[state])
        left += width + GAP
    return _svg(f"{summary.site}: {told}", BAR_HEIGHT, parts, "state-bar", stretch=True)


def month_bars(summary: SiteSummary) -> Markup:
    """How many MRIs of a site fall due in each month ahead; what is late stands in the first."""
    highest = max((count for _, count in summary.due_by_month), default=0) or 1
    step = WIDTH / max(1, len(summary.due_by_month))
    parts = Markup('<line class="axis" x1="0" y1="{0}" x2="{1:.0f}" y2="{0}"/>').format(FLOOR + 0.5, WIDTH)
    for number, (month, count) in enumerate(summary.due_by_month):
        height = (FLOOR - CEILING) * count / highest
        middle = step * (number + 0.5)
        kind = "first" if number == 0 else "later"
        if count:
            parts += Markup(
                '<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="3"/>'
                '<text class="value" x="{:.1f}" y="{:.1f}">{}</text>'
            ).format(
                kind,
                middle - step * 0.32,
                FLOOR - height,
                step * 0.64,
                height,
                middle,
                FLOOR - height - 6,
                count,
            )
        first_day = date.fromisoformat(f"{month}-01")
        parts += Markup('<text class="month" x="{:.1f}" y="{}">{}</text>').format(
            middle, FLOOR + 17, f"{first_day:%b}"
        )
        if number == 0 or first_day.month == 1:
            parts += Markup('<text class="year" x="{:.1f}" y="{}">{}</text>').format(
                middle, FLOOR + 31, first_day.year
            )
    told = ", ".join(f"{month}: {count}" for month, count in summary.due_by_month)
    return _svg(f"{summary.site}, MRIs falling due by month. {told}", MONTHS_HEIGHT, parts, "month-bars")


def _svg(described: str, height: int, parts: Markup, name: str, *, stretch: bool = False) -> Markup:
    fit = Markup(' preserveAspectRatio="none"') if stretch else Markup()
    return Markup(
        '<svg class="plot {}" role="img" aria-label="{}" viewBox="0 0 {:.0f} {}"{}>{}</svg>'
    ).format(name, described, WIDTH, height, fit, parts)
