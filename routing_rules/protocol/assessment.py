"""Is the study good enough to look for PML? The verdict, requirement by requirement, with the series that met it."""

from __future__ import annotations

from collections.abc import Sequence

from routing_rules.protocol.checks import (
    Candidate,
    Effect,
    Shortfall,
    elsewhere,
    in_doubt,
    make_a_whole,
    remarks,
)
from routing_rules.protocol.requirements import Protocol, Threshold, Wanted, standard_protocol
from routing_rules.protocol.verdict import ProtocolVerdict, Readability, Requirement
from routing_rules.series.series import PROVEN, SeriesFacts, SeriesKind

FIELD_STRENGTH_TOLERANCE_T = 0.05
"""Scanners of 1.5 T state 1.494 too."""
_MET = {None: True, Effect.LIMIT: True, Effect.NOT_KNOWN: None, Effect.NOT_MET: False}
_RANK = (True, None, False)


def assess(
    series: Sequence[SeriesFacts],
    *,
    suspected: bool,
    simplified: bool = False,
    protocol: Protocol | None = None,
) -> ProtocolVerdict:
    """The verdict on the series of one study; with `suspected`, T1 with contrast is asked for as well.

    Not readable: FLAIR, T2 or diffusion with b about 1000 is missing or shows part of the brain. Unknown: headers do
    not say. With limits: all are there, but thick, with gaps, uncertain, of a weak field, or contrast is missing where
    it was wanted. `simplified`: the site declared FLAIR and diffusion alone, for surveillance. The order of `series`
    does not matter.
    """
    standard = protocol or standard_protocol()
    asked = standard.asked(suspected=suspected, simplified=simplified)
    found = [_require(wanted, standard, series) for wanted in asked]
    requirements = tuple(requirement for requirement, _ in found)
    weak = _field_strength(standard.field_strength_t, requirements, series)
    lighter = standard.simplified.not_essential if simplified and not suspected else ()
    return ProtocolVerdict(
        _verdict(requirements, limited=bool(weak) or any(limits for _, limits in found)),
        requirements,
        (*(limit for _, several in found for limit in several), *weak),
        tuple(
            f"Send {wanted.ask}: {one.note}."
            for wanted, one in zip(asked, requirements, strict=True)
            if not one.met and one.name not in lighter
        ),
        bool(lighter),
    )


def _verdict(requirements: Sequence[Requirement], *, limited: bool) -> Readability:
    essential = {one.met for one in requirements if one.essential}
    if False in essential:
        return Readability.NOT_READABLE
    if None in essential:
        return Readability.UNKNOWN
    return Readability.READABLE_WITH_LIMITS if limited else Readability.READABLE


def _require(
    wanted: Wanted, protocol: Protocol, series: Sequence[SeriesFacts]
) -> tuple[Requirement, tuple[str, ...]]:
    """The best series of the kind: what meets it, fewest limits, surest, thinnest; the UID makes it stable."""
    of_the_kind = [one for one in series if one.kinds & set(wanted.kinds)]
    judged = [
        (candidate, candidate.shortfalls())
        for candidate in (Candidate.of(wanted, protocol, one) for one in of_the_kind if not elsewhere(one))
    ]
    judged.sort(key=lambda pair: _quality(*pair))
    away = tuple(
        f"{_named(one)} shows {elsewhere(one)}, not the head" for one in of_the_kind if elsewhere(one)
    )
    if not judged:
        note = away[0] if away else _absent(wanted, protocol, series)
        return _requirement(wanted, protocol, None, note, others=away[1:]), (f"{wanted.label}: {note}",)
    (best, shortfalls), *rest = judged
    shortfalls = _unless_whole_together(shortfalls, [candidate for candidate, _ in judged])
    one = best.series
    unproven = (wanted.confirm,) if wanted.confirm and one.confidence < PROVEN else ()
    told = "; ".join((*(shortfall.said for shortfall in shortfalls), *one.caveats, *remarks(best), *unproven))
    note = f"{_named(one)}: {told}" if told else _shown(best)
    others = tuple(sorted((*(_beside(*pair) for pair in rest), *away)))
    return (
        _requirement(wanted, protocol, best, note, shortfalls, others),
        tuple(f"{wanted.label}: {shortfall.said}" for shortfall in shortfalls),
    )


def _quality(one: Candidate, shortfalls: tuple[Shortfall, ...]) -> tuple[int, int, float, float, str]:
    series = one.series
    thickness = series.slice_thickness_mm or 99.0
    return (
        _RANK.index(_met(shortfalls)),
        len(shortfalls),
        -series.confidence,
        thickness,
        series.series_instance_uid,
    )


def _met(shortfalls: Sequence[Shortfall]) -> bool | None:
    return _MET[max((shortfall.effect for shortfall in shortfalls), default=None)]


def _requirement(
    wanted: Wanted,
    protocol: Protocol,
    best: Candidate | None,
    note: str,
    shortfalls: Sequence[Shortfall] = (),
    others: tuple[str, ...] = (),
) -> Requirement:
    return Requirement(
        wanted.name,
        _met(shortfalls) if best else False,
        best.series.series_instance_uid if best else None,
        note,
        wanted.label,
        wanted.essential,
        "; ".join(str(protocol.sources[key]) for key in wanted.sources()),
        best.coverage if best else None,
        others,
    )


def _absent(wanted: Wanted, protocol: Protocol, series: Sequence[SeriesFacts]) -> str:
    if wanted.kinds == (SeriesKind.T1_CONTRAST,):
        probable = [one for one in series if one.contrast_probable]
        if probable:
            return f"no series states contrast; {_named(probable[0])} probably has it: please confirm"
        unknown = [one for one in series if one.kind is SeriesKind.T1 and one.contrast is None]
        if unknown:
            why = unknown[0].contrast_why or "nothing says whether contrast was given"
            asked = ", ".join(_named(one) for one in unknown)
            return f"contrast of {asked} is unknown ({why}): please say whether it was given before"
    if not wanted.essential and wanted.name in protocol.simplified.not_essential:
        return (
            f"no such series was recognised; the site declared {protocol.simplified.words} for surveillance"
        )
    return "no such series was recognised"


def _field_strength(
    wanted: Threshold, requirements: Sequence[Requirement], series: Sequence[SeriesFacts]
) -> tuple[str, ...]:
    """One limit for the study: the weakest field of the series that stand for the requirements."""
    chosen = {one.by_series for one in requirements if one.by_series is not None}
    stated = [one.field_strength_t for one in series if one.series_instance_uid in chosen]
    known = [tesla for tesla in stated if tesla]
    if known and min(known) < wanted.value - FIELD_STRENGTH_TOLERANCE_T:
        return (f"field strength: {min(known):g} T, asked for is {wanted.value:g} T at least",)
    return ("field strength: not stated",) if len(known) < len(stated) else ()


def _beside(one: Candidate, shortfalls: Sequence[Shortfall]) -> str:
    """A further series of the kind, in one sentence."""
    return (
        f"{_named(one.series)}: {'; '.join(shortfall.said for shortfall in shortfalls)}"
        if shortfalls
        else _shown(one)
    )


def _named(one: SeriesFacts) -> str:
    return f"series {one.series_number}" if one.series_number is not None else "a series"


def _unless_whole_together(
    shortfalls: tuple[Shortfall, ...], several: Sequence[Candidate]
) -> tuple[Shortfall, ...]:
    """What decides against the best series is in doubt where the brain may be in several of them."""
    together = make_a_whole(several)
    if not together:
        return shortfalls
    said = f"{_enumerated(together)} each show a part: whether they make a whole brain together is not known"
    return in_doubt(shortfalls, said)


def _enumerated(several: Sequence[Candidate]) -> str:
    named = sorted(_named(one.series) for one in several)
    return f"{', '.join(named[:-1])} and {named[-1]}"


def shows(series: SeriesFacts, protocol: Protocol | None = None) -> bool | None:
    """Whether one series by itself shows the brain as its kind is asked to; None: not known, or nothing is asked.

    T1 without contrast is judged like T1 with contrast: the limits are the same.
    """
    standard = protocol or standard_protocol()
    wanted = standard.of_kind(series.kind)
    if wanted is None:
        return None
    return False if elsewhere(series) else _met(Candidate.of(wanted, standard, series).shortfalls())


def _shown(one: Candidate) -> str:
    series = one.series
    dimensions = "3D" if series.three_d else "2D" if series.three_d is False else ""
    thickness = f"{series.slice_thickness_mm:g} mm" if series.slice_thickness_mm else ""
    values = "b " + ", ".join(f"{b:g}" for b in series.b_values) if series.b_values else ""
    return ", ".join(part for part in (_named(series), dimensions, thickness, values) if part)
