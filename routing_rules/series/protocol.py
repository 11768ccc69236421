"""Is the study good enough to look for PML? The verdict, requirement by requirement, with the series that met it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from routing_rules.series.series import PROVEN, SeriesFacts, SeriesKind


class Readability(StrEnum):
    """Can the question be answered from these images?"""

    READABLE = "readable"
    READABLE_WITH_LIMITS = "readable_with_limits"
    NOT_READABLE = "not_readable"


@dataclass(frozen=True)
class Requirement:
    """One line of the protocol: met or not, by which series (UID), and what there is to say about it."""

    name: str
    met: bool
    by_series: str | None
    note: str
    label: str = ""
    essential: bool = True
    source: str = ""


@dataclass(frozen=True)
class ProtocolVerdict:
    """The verdict; `limits` are sentences for the reader, `resend` what the sender can do about it."""

    readability: Readability
    requirements: tuple[Requirement, ...]
    limits: tuple[str, ...]
    resend: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A plain dict of JSON values, readable again by `from_json`."""
        return {
            "readability": self.readability.value,
            "requirements": [asdict(one) for one in self.requirements],
            "limits": list(self.limits),
            "resend": list(self.resend),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ProtocolVerdict:
        """The verdict that `to_json` wrote."""
        return cls(
            Readability(stored["readability"]),
            tuple(Requirement(**one) for one in stored["requirements"]),
            tuple(stored["limits"]),
            tuple(stored.get("resend", ())),
        )


B_VALUES = (800.0, 1200.0)
"""s/mm²: what counts as b = 1000."""
TOLERANCE_MM = 0.05
SHORT_COVERAGE_MM = 100.0
"""Less than this cannot be a whole brain in any plane."""
_EDUCATION = (
    "Education module, section Early Detection: FLAIR, T2, DWI (b = 1000 s/mm²), preferably 3D or thin (3 mm)"
)


@dataclass(frozen=True)
class _Wanted:
    name: str
    label: str
    kinds: frozenset[SeriesKind]
    thickest_mm: float
    three_d_will_do: bool
    essential: bool
    only_when_suspected: bool
    source: str
    ask: str
    """What the sender's site is asked for."""
    confirm: str = ""
    """What people are asked where a series of the kind is not proven; empty where such a series will do."""


_PROTOCOL = (
    _Wanted(
        "flair",
        "FLAIR",
        frozenset({SeriesKind.FLAIR}),
        3.0,
        True,
        True,
        False,
        _EDUCATION,
        "a FLAIR series of the whole brain, 3D or with slices of at most 3 mm",
    ),
    _Wanted(
        "t2",
        "T2",
        frozenset({SeriesKind.T2}),
        3.0,
        True,
        True,
        False,
        _EDUCATION,
        "a T2 series of the whole brain, 3D or with slices of at most 3 mm",
    ),
    _Wanted(
        "dwi",
        "DWI with b = 1000 s/mm²",
        frozenset({SeriesKind.DWI, SeriesKind.TRACE}),
        5.0,
        False,
        True,
        False,
        f"{_EDUCATION}; slices up to 5 mm: CMSC protocol",
        "diffusion images of the whole brain with b = 1000 s/mm² (trace or directions), with their b-values",
        "please confirm that these are diffusion images",
    ),
    _Wanted(
        "t1_contrast",
        "T1 with contrast",
        frozenset({SeriesKind.T1_CONTRAST}),
        3.0,
        True,
        False,
        True,
        "Education module, section Early Detection: contrast-enhanced T1 if PML is suspected",
        "a T1 series after contrast, 3D or with slices of at most 3 mm, if contrast was given",
        "please confirm that contrast was given before it",
    ),
)


def assess(series: Sequence[SeriesFacts], *, suspected: bool) -> ProtocolVerdict:
    """The verdict on the series of one study; with `suspected`, T1 with contrast is asked for as well.

    Not readable: FLAIR, T2 or diffusion is missing. With limits: all are there, but thick, incomplete, uncertain, or
    with another b-value, or contrast is missing where it was wanted. The order of `series` does not matter.
    """
    asked = [one for one in _PROTOCOL if suspected or not one.only_when_suspected]
    found = [_require(one, series) for one in asked]
    requirements = tuple(requirement for requirement, _ in found)
    limits = tuple(limit for _, several in found for limit in several)
    missing = [one for one in requirements if one.essential and one.by_series is None]
    return ProtocolVerdict(
        _verdict(bool(missing), bool(limits)),
        requirements,
        limits,
        tuple(
            f"Send {wanted.ask}: {one.note}."
            for wanted, one in zip(asked, requirements, strict=True)
            if not one.met
        ),
    )


def _verdict(missing: bool, limited: bool) -> Readability:
    if missing:
        return Readability.NOT_READABLE
    return Readability.READABLE_WITH_LIMITS if limited else Readability.READABLE


def _require(wanted: _Wanted, series: Sequence[SeriesFacts]) -> tuple[Requirement, tuple[str, ...]]:
    of_the_kind = [candidate for candidate in series if candidate.kinds & wanted.kinds]
    candidates = [candidate for candidate in of_the_kind if not elsewhere(candidate)]
    if of_the_kind and not candidates:
        # Only the word that is known: what people typed around it may be anything.
        region = _ELSEWHERE.search(of_the_kind[0].body_parts[0])
        note = f"{_named(of_the_kind[0])} shows {region.group(0) if region else 'something'}, not the head"
        return _requirement(wanted, False, None, note), (f"{wanted.label}: {note}",)
    if not candidates:
        note = _absent(wanted, series)
        return _requirement(wanted, False, None, note), (f"{wanted.label}: {note}",)
    judged = [(candidate, _limits(wanted, candidate)) for candidate in candidates]
    # What meets it, then fewest limits, then surest, then thinnest; the UID only makes the choice stable.
    best, limits = min(
        judged,
        key=lambda pair: (
            not _met(wanted, pair[0]),
            len(pair[1]),
            -pair[0].confidence,
            pair[0].slice_thickness_mm or 99.0,
            pair[0].series_instance_uid,
        ),
    )
    met = _met(wanted, best)
    unproven = (wanted.confirm,) if wanted.confirm and best.confidence < PROVEN else ()
    told = "; ".join((*limits, *best.caveats, *unproven))
    note = f"{_named(best)}: {told}" if told else _shown(best)
    return (
        _requirement(wanted, met, best.series_instance_uid, note),
        tuple(f"{wanted.label}: {limit}" for limit in limits),
    )


def _met(wanted: _Wanted, one: SeriesFacts) -> bool:
    """Does a series of the kind meet the requirement? Where people can confirm it, only what is proven does."""
    if wanted.confirm and one.confidence < PROVEN:
        return False
    return wanted.name != "dwi" or _b1000(one) is not False


def _requirement(wanted: _Wanted, met: bool, uid: str | None, note: str) -> Requirement:
    return Requirement(wanted.name, met, uid, note, wanted.label, wanted.essential, wanted.source)


def _absent(wanted: _Wanted, series: Sequence[SeriesFacts]) -> str:
    if wanted.name == "t1_contrast":
        probable = [one for one in series if one.contrast_probable]
        if probable:
            return f"no series states contrast; {_named(probable[0])} probably has it: please confirm"
        unknown = [one for one in series if one.kind is SeriesKind.T1 and one.contrast is None]
        if unknown:
            why = unknown[0].contrast_why or "nothing says whether contrast was given"
            asked = ", ".join(_named(one) for one in unknown)
            return f"contrast of {asked} is unknown ({why}): please say whether it was given before"
    return "no such series was recognised"


def _limits(wanted: _Wanted, one: SeriesFacts) -> list[str]:
    return [said for said in (check(wanted, one) for check in _CHECKS) if said]


def _too_thick(wanted: _Wanted, one: SeriesFacts) -> str | None:
    thickness = one.slice_thickness_mm
    if one.three_d and wanted.three_d_will_do and (thickness is None or thickness <= wanted.thickest_mm):
        return None
    if thickness is None:
        return "the slice thickness is not stated"
    if thickness > wanted.thickest_mm + TOLERANCE_MM:
        return f"slices are {thickness:g} mm thick, wanted are at most {wanted.thickest_mm:g} mm"
    return None


def _short(_: _Wanted, one: SeriesFacts) -> str | None:
    if one.coverage_mm is not None and one.coverage_mm < SHORT_COVERAGE_MM:
        return f"covers {one.coverage_mm:g} mm only"
    return None


_ELSEWHERE = re.compile(
    r"SPINE|CERVICAL|THORA|LUMB|SACR|HWS|BWS|LWS|NECK|HALS|CHEST|BREAST|HEART|CARDIAC|ABDOM|LIVER|PELVIS|PROSTATE|KNEE|"
    r"ANKLE|SHOULDER|ELBOW|WRIST|THIGH|EXTREMITY|ORBIT|SELLA|PITUITARY|TMJ|\b(?:HIP|FOOT|HAND|LEG|ARM|IAC)\b"
)
_HEAD = re.compile(r"HEAD|BRAIN|SKULL|KOPF|SCH[AÄ]+DEL|CRANI|NEURO|CEREB|WHOLE")


def elsewhere(one: SeriesFacts) -> bool:
    """Do body part and anatomic region say that this is another part of the body? Nothing said means no."""
    named = [part for part in one.body_parts if not _HEAD.search(part)]
    return bool(named) and len(named) == len(one.body_parts) and all(map(_ELSEWHERE.search, named))


def _named_elsewhere(_: _Wanted, one: SeriesFacts) -> str | None:
    # Only a limit: BodyPartExamined is often that of the first series, and descriptions are typed by people.
    words = one.description.upper().replace("_", " ")
    found = None if _HEAD.search(words) else _REGION_WORDS.search(words)
    return f"its description names another region ({found.group(0)})" if found else None


_REGION_WORDS = re.compile(
    r"\b([CTL][- ]?SPINE|SPINE|CERVICAL|THORACIC|LUMBAR|HWS|BWS|LWS|MYELON|NECK|HALS|ORBITS?|ORBITA|SELLA|PITUITARY|"
    r"HYPOPHYSE|IAC)\b"
)


def _uncertain(_: _Wanted, one: SeriesFacts) -> str | None:
    return f"recognition is uncertain ({one.confidence:.0%})" if one.confidence < PROVEN else None


def _other_b(wanted: _Wanted, one: SeriesFacts) -> str | None:
    if wanted.name != "dwi" or _b1000(one):
        return None
    if _b1000(one) is None:
        return "the b-value is not stated"
    values = ", ".join(f"{b:g}" for b in one.b_values)
    return f"b-values are {values}, wanted is about 1000 s/mm²"


def _b1000(one: SeriesFacts) -> bool | None:
    if not one.b_values:
        return None
    return any(B_VALUES[0] <= b <= B_VALUES[1] for b in one.b_values)


_CHECKS: tuple[Callable[[_Wanted, SeriesFacts], str | None], ...] = (
    _other_b,
    _too_thick,
    _short,
    _named_elsewhere,
    _uncertain,
)


def _named(one: SeriesFacts) -> str:
    return f"series {one.series_number}" if one.series_number is not None else "a series"


def _shown(one: SeriesFacts) -> str:
    dimensions = "3D" if one.three_d else "2D" if one.three_d is False else ""
    thickness = f"{one.slice_thickness_mm:g} mm" if one.slice_thickness_mm else ""
    values = "b " + ", ".join(f"{b:g}" for b in one.b_values) if one.b_values else ""
    return ", ".join(part for part in (_named(one), dimensions, thickness, values) if part)
