"""When the next MRI is due, as tables: the guidelines, their rules and limits, and every combination of the risk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from reference.marks import table
from routing_rules.surveillance.due_dates import status
from routing_rules.surveillance.guidelines import (
    SEQUENCE_NAMES,
    Guideline,
    Interval,
    Wish,
    guideline,
    names,
    standard_table,
)
from routing_rules.surveillance.risk import JcvStatus
from routing_rules.surveillance.unused import SAID, TODAY, grid, unused_inputs
from routing_rules.surveillance.windows import LastMris

UNKNOWN = "not known"


def guidelines() -> str:
    """Each guideline: its rules, what is added where it is silent, and what it does not use."""
    rows = []
    for name in names():
        chosen = guideline(name)
        own = ", ".join(rule.id for rule in chosen.intervals if rule.id not in chosen.added)
        added = "; ".join(f"{rule}: {why}" for rule, why in chosen.added.items())
        unused = ", ".join(f"`{each}`" for each in unused_inputs(chosen))
        rows.append((f"`{name}`", chosen.title, own, added, unused))
    return table(("`guideline`", "is", "rules", "added where it is silent", "not used under it"), rows)


def intervals() -> str:
    """Every rule and every wish of a report, with the sequences it asks for by name."""
    known = standard_table()
    rows = (
        (each.id, each.when, _after(each), _asks(each), each.source)
        for each in (*known.intervals, *known.wishes)
    )
    return table(("rule", "who", "MRI after", "asks for", "source"), rows)


def limits() -> str:
    """Every limit with its source."""
    known = standard_table()
    rows = [
        (f"`{name}`", f"{limit.value:g} {limit.unit}", limit.source)
        for name in type(known.limits).model_fields
        if (limit := getattr(known.limits, name))
    ]
    full = ", ".join(SEQUENCE_NAMES[name] for name in known.full_mri.sequences)
    return table(("limit", "is", "source"), [*rows, ("a full MRI", full, known.full_mri.source)])


def notes() -> str:
    """What sources say without an interval."""
    return table(
        ("note", "says", "source"), ((each.id, each.text, each.source) for each in standard_table().notes)
    )


def combinations(name: str) -> str:
    """The 648 combinations of the grid under one guideline: a row for all but the index, a column for each index."""
    chosen = guideline(name)
    values = grid(chosen.limits)
    indices = values["jcv_index"]
    head = (
        "antibodies",
        "tested",
        "months",
        "immunosuppression before",
        *(f"index {UNKNOWN if index is None else f'{index:g}'}" for index in indices),
    )
    rows = (
        (
            str(antibodies),
            _tested(tested),
            UNKNOWN if months is None else f"{months:g}",
            {None: UNKNOWN, True: "yes", False: "no"}[prior],
            *_cells(chosen, antibodies, tested, months, prior, indices),
        )
        for antibodies, tested, months, prior in product(
            *(
                values[each]
                for each in ("jcv_status", "tested_on", "months_on_natalizumab", "prior_immunosuppression")
            )
        )
    )
    return table(head, rows)


def _cells(
    chosen: Guideline, antibodies: object, tested: object, months: object, prior: object, indices: object
) -> Iterator[str]:
    for index in indices:  # type: ignore[attr-defined]
        risk = replace(
            SAID,
            jcv_status=JcvStatus(str(antibodies)),
            tested_on=tested,
            months_on_natalizumab=months,
            prior_immunosuppression=prior,
            jcv_index=index,
        )
        told = status(TODAY, risk, LastMris(TODAY, TODAY), (), chosen)
        due = told.next_due
        marks = ("*" if due and due.assumptions else "") + ("?" if told.questions else "")
        yield f"{due.rule_id} {_days(due.due_from)} to {_days(due.due_by)}{marks}" if due else "no MRI"


def _days(day: object) -> str:
    return f"{(day - TODAY).days}"  # type: ignore[operator]


def _tested(tested: object) -> str:
    if tested is None:
        return UNKNOWN
    return "two years ago" if (TODAY - tested).days > 366 else "six months ago"  # type: ignore[operator]


def _after(each: Interval | Wish) -> str:
    first, last, unit = (
        (each.earliest_weeks, each.latest_weeks, "weeks")
        if each.latest_weeks
        else (each.earliest_months, each.latest_months, "months")
    )
    return f"{first} to {last} {unit}" if first != last else f"{last} {unit}"


def _asks(each: Interval | Wish) -> str:
    if isinstance(each, Interval) and each.clock == "full":
        return "a full MRI"
    return ", ".join(SEQUENCE_NAMES[name] for name in each.sequences)
