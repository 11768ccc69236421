"""What each series of a study is, from DICOM attributes across vendors, with confidence and evidence.

Pure: headers in, recognitions out; no pixels, no I/O. Attributes decide. A description is read only when attributes
prove nothing (confidence stays below `PROVEN`), and to tell a T1 with contrast from one without where the
attributes are silent about contrast.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from routing_rules.series.attributes import Header
from routing_rules.series.contrast import contrast_evidence, seconds_of_day, time_of
from routing_rules.series.geometry import geometry, stacks
from routing_rules.series.image_attributes import ImageTraits, read_traits
from routing_rules.series.kind_evidence import EVIDENCE, NOT_CLAIMED, SUPPORT, SUREST
from routing_rules.series.series import PROVEN, SeriesFacts, SeriesKind
from routing_rules.series.signs import DIFFUSION_FROM_B, ImageGroup
from routing_rules.series.table import ROWS, TIE_BREAKS
from routing_rules.series.vendor_facts import VendorFacts, standard_vendor_facts

__all__ = [
    "PROVEN",
    "SeriesFacts",
    "SeriesKind",
    "classify_series",
    "classify_study",
    "recognise",
]

_SEQUENCE_B = re.compile(r"^\*?(?:EP|RE)_B(\d+)(?:T|#\d+)?$", re.IGNORECASE)
_DIRECTION = re.compile(r"#\d+$")
_LESS = frozenset({SeriesKind.OTHER, SeriesKind.DERIVED})
_DIFFUSION = frozenset({SeriesKind.DWI, SeriesKind.TRACE})
_PRECEDENCE = tuple(SeriesKind)
_MINORITY = 4
"""Images of a kind count for the series unless more than this many times as many are derived or unknown."""


@dataclass(frozen=True)
class _Part:
    kind: SeriesKind
    confidence: float
    evidence: tuple[str, ...]
    caveats: tuple[str, ...]
    images: int
    max_b: float | None


def classify_series(headers: Sequence[Header], vendor_facts: VendorFacts | None = None) -> SeriesFacts:
    """Recognise one series from the headers of its instances (at least one; pixels are not needed)."""
    facts = vendor_facts or standard_vendor_facts()
    return recognise(_images(headers, facts), facts)


def classify_study(headers: Sequence[Header], vendor_facts: VendorFacts | None = None) -> list[SeriesFacts]:
    """Recognise every series among the headers, in order of series number, with what series say about each other."""
    facts = vendor_facts or standard_vendor_facts()
    return recognise_study(_images(headers, facts), facts)


def _images(headers: Iterable[Header], facts: VendorFacts) -> list[ImageTraits]:
    """The images of every instance once: files of one SOP Instance UID are one instance, not a dynamic series."""
    once: dict[tuple[str, str, int], tuple[ImageTraits, ...]] = {}
    for place, header in enumerate(headers):
        traits = read_traits(header, facts)
        uid = traits[0].sop_instance_uid
        key = (traits[0].series_instance_uid, uid, -1 if uid else place)
        # Where such files differ, the choice must not depend on the order of arrival.
        once[key] = min(once[key], traits, key=repr) if key in once else traits
    return [image for traits in once.values() for image in traits]


def recognise_study(
    images: Iterable[ImageTraits], vendor_facts: VendorFacts | None = None
) -> list[SeriesFacts]:
    """As `classify_study`, from traits that were read when the instances arrived."""
    by_series: dict[str, list[ImageTraits]] = defaultdict(list)
    for image in images:
        by_series[image.series_instance_uid].append(image)
    found = [recognise(members, vendor_facts) for members in by_series.values()]
    found.sort(key=lambda one: (one.series_number is None, one.series_number or 0, one.series_instance_uid))
    return [_seen_beside(one, found) for one in found]


def recognise(images: Sequence[ImageTraits], vendor_facts: VendorFacts | None = None) -> SeriesFacts:
    """Recognise one series from the traits of its images. Raises ValueError when there is none."""
    if not images:
        raise ValueError("A series without an image cannot be recognised: give at least one header.")
    facts = vendor_facts or standard_vendor_facts()
    # In a fixed order, so that the answer does not depend on the order of arrival.
    images = sorted(images, key=lambda image: (image.sop_instance_uid, image.position))
    shape = geometry(images)
    parts = _parts(images, shape.planes, facts)
    main = _main(parts)
    also = sorted({part.kind for part in parts} - {main.kind} - _LESS, key=_PRECEDENCE.index)
    first = images[0]
    agent = contrast_evidence(images)
    kind, confidence, evidence, caveats = main.kind, main.confidence, main.evidence, main.caveats
    if kind is SeriesKind.T1:
        evidence, caveats = (*evidence, agent.why), (*caveats, *agent.caveats)
        if agent.given:
            kind, confidence = SeriesKind.T1_CONTRAST, min(confidence, agent.confidence)
    evidence += _left_over(images)
    shown = main.kind in _DIFFUSION or bool(_DIFFUSION & set(also))
    return SeriesFacts(
        series_instance_uid=first.series_instance_uid,
        modality=first.modality,
        description=first.description,
        kind=kind,
        confidence=round(confidence, 2),
        evidence=evidence,
        caveats=caveats,
        also=tuple(also),
        sop_class_uids=tuple(sorted({image.sop_class_uid for image in images} - {""})),
        instances=len({image.sop_instance_uid for image in images}),
        images=len(images),
        series_number=None if first.series_number is None else int(first.series_number),
        acquired_at=min((image.acquired_at for image in images if image.acquired_at), default=""),
        b_values=tuple(sorted({float(round(b)) for b in map(_b_value, images) if b is not None}))
        if shown
        else (),
        slice_thickness_mm=shape.slice_thickness_mm,
        slice_gap_mm=shape.slice_gap_mm,
        coverage_mm=shape.coverage_mm,
        plane=shape.plane,
        three_d=shape.three_d,
        contrast=agent.given,
        contrast_why=agent.why,
        injected_at=min((image.agent_started_at for image in images if image.agent_started_at), default=""),
        field_strength_t=first.field_strength_t,
        manufacturer=first.manufacturer,
        body_parts=tuple(sorted({part for image in images for part in image.body_parts})),
        stacks=stacks(images, _b_value if shown else None),
    )


def _parts(images: Sequence[ImageTraits], planes: int, facts: VendorFacts) -> list[_Part]:
    """Classify each group of images made in the same way."""
    groups: dict[ImageTraits, list[ImageTraits]] = defaultdict(list)
    for image in images:
        groups[_technique(image)].append(image)
    all_b = [_b_value(image) for image in images]
    stated = [b for b in all_b if b is not None]
    marks = tuple(sorted({mark for image in images for mark in image.diffusion_marks}))
    roles = {
        technique: facts.roles(technique.image_type) | set(technique.private_roles) for technique in groups
    }
    echoes = {round(image.echo_time_ms, 1) for image in images if image.echo_time_ms}
    inversions = {round(max(ti) / 50) for ti in (image.inversion_times_ms for image in images) if any(ti)}
    parts = []
    for technique, members in groups.items():
        view = ImageGroup(
            image=technique,
            meanings=facts.meanings(technique.sequence_names),
            roles=roles[technique],
            series_roles=frozenset().union(*roles.values()),
            max_b=max(stated, default=None),
            marks=marks,
            b_values=len({round(b) for b in stated}),
            b_unknown=len(all_b) - len(stated),
            images=len(images),
            planes=planes,
            echo_times=len(echoes),
            inversion_times=len(inversions),
            images_per_place=_images_per_place(members),
        )
        own_b = max((b for b in map(_b_value, members) if b is not None), default=None)
        parts.append(_Part(*_judge(view), images=len(members), max_b=own_b))
    return _without_plain(parts)


def _left_over(images: Sequence[ImageTraits]) -> tuple[str, ...]:
    """A b-value that the scanner kept from an earlier series, told so that nobody wonders."""
    kept = max((image.unproven_b_value or 0.0 for image in images), default=0.0)
    said = f"a b-value of {kept:g} s/mm² left over from another series does not count"
    return (said,) if kept >= DIFFUSION_FROM_B else ()


def _images_per_place(images: Sequence[ImageTraits]) -> float:
    """How often each place was imaged; 1 where positions are not stated."""
    places = [(image.position, image.orientation) for image in images if image.position]
    return round(len(places) / len(set(places)), 1) if places else 1.0


def _without_plain(parts: list[_Part]) -> list[_Part]:
    """Leave out the b = 0 images of a trace series: they are not a diffusion series of their own."""
    if not any(part.kind is SeriesKind.TRACE for part in parts):
        return parts
    weighted = [
        part for part in parts if part.kind is not SeriesKind.DWI or (part.max_b or 0) >= DIFFUSION_FROM_B
    ]
    return weighted or parts


def _technique(image: ImageTraits) -> ImageTraits:
    """The traits without what differs from image to image in one technique: the key of a group."""
    return replace(
        image,
        sop_instance_uid="",
        acquired_at="",
        b_value=None,
        unproven_b_value=None,
        diffusion_marks=(),
        orientation=(),
        position=(),
        agent=None,
        agent_administered="",
        body_parts=(),
        slice_thickness_mm=None,
        slice_spacing_mm=None,
        rows=None,
        columns=None,
        pixel_spacing_mm=(),
        repetition_time_ms=None if image.repetition_time_ms is None else round(image.repetition_time_ms, 1),
        sequence_names=tuple(dict.fromkeys(_DIRECTION.sub("", name) for name in image.sequence_names)),
    )


def _judge(view: ImageGroup) -> tuple[SeriesKind, float, tuple[str, ...], tuple[str, ...]]:
    """Kind, confidence, evidence and caveats: what proves the kind, weighed with what speaks for and against it."""
    kind, confidence, evidence = _proof(view)
    table = EVIDENCE[kind]
    # A sign that proves a kind already does not support it again.
    supports = dict.fromkeys(found for found in (sign(view) for sign in table.supports) if found)
    surer = sum(SUPPORT for found in supports if found not in evidence) if confidence >= PROVEN else 0.0
    against = [(each, found) for each in table.contradictions if (found := each.sign(view))]
    # A contradiction counts from the confidence of the proof alone: support must not hide it.
    cost = sum(each.costs for each, _ in against)
    confidence = confidence - cost if cost else max(confidence, min(SUREST, confidence + surer))
    said = (
        *evidence,
        *(f"supported by {found}" for found in supports if found not in evidence),
        *(f"against it: {found} ({each.says})" for each, found in against if each.costs),
        *(found for each, found in against if not each.costs),
    )
    caveats = tuple(each.says for each, _ in against)
    if cost and confidence < NOT_CLAIMED:
        return SeriesKind.OTHER, max(confidence, 0.1), (*said, f"too much speaks against {kind}"), caveats
    return kind, confidence, said, caveats


def _proof(view: ImageGroup) -> tuple[SeriesKind, float, tuple[str, ...]]:
    """The first row whose signs all hold; rows that read descriptions only where no other proves anything."""
    best: tuple[SeriesKind, float, tuple[str, ...]] | None = None
    for rows, least in ((ROWS, PROVEN), (TIE_BREAKS, 0.0)):
        for row in rows:
            evidence = tuple(sign(view) for sign in row.signs)
            if all(evidence):
                answer = row.kind, row.confidence, tuple(text for text in evidence if text)
                if row.confidence >= least:
                    return answer
                best = best or answer
                break
    return best or (SeriesKind.OTHER, 0.2, ("the attributes prove no kind",))


def _main(parts: Sequence[_Part]) -> _Part:
    """The part that names the series: the kind with most images; derived and unknown images only if they prevail."""
    counts: dict[SeriesKind, int] = defaultdict(int)
    for part in parts:
        counts[part.kind] += part.images
    useful = {kind: count for kind, count in counts.items() if kind not in _LESS}
    less = {kind: count for kind, count in counts.items() if kind in _LESS}
    pool = useful if useful and sum(less.values()) <= _MINORITY * sum(useful.values()) else less or useful
    kind = max(pool, key=lambda one: (pool[one], -_PRECEDENCE.index(one)))
    return max((part for part in parts if part.kind is kind), key=lambda part: (part.confidence, part.images))


def _b_value(image: ImageTraits) -> float | None:
    if image.b_value is not None:
        return image.b_value
    matches = (_SEQUENCE_B.match(name) for name in image.sequence_names)
    return next((float(match.group(1)) for match in matches if match), None)


def _seen_beside(series: SeriesFacts, study: Sequence[SeriesFacts]) -> SeriesFacts:
    """What the times of the other series say of contrast agent in this T1.

    Before the injection that another series states there was none: an agent that is named all the same leaves it
    open. A T1 that says nothing but comes after its own twin, or after an agent, probably has it.
    """
    if series.kind not in (SeriesKind.T1, SeriesKind.T1_CONTRAST) or not series.acquired_at:
        return series
    injected = next((other for other in study if _is_before_injection(series, other)), None)
    if injected is not None and series.contrast is not False:
        why = f"acquired before the injection that series {injected.series_number} states"
        if series.contrast is None:
            return replace(series, contrast=False, contrast_why=why, evidence=(*series.evidence, why))
        return replace(
            series,
            kind=SeriesKind.T1,
            contrast=None,
            contrast_why=f"contrast is contradictory: {series.contrast_why} but {why}",
            evidence=(*series.evidence, f"against it: {why}"),
            caveats=(*series.caveats, why),
        )
    if series.contrast is not None:
        return series
    earlier = [other for other in study if other.acquired_at and other.acquired_at < series.acquired_at]
    twin = next(
        (o for o in earlier if o.kind is SeriesKind.T1 and _geometry_key(o) == _geometry_key(series)), None
    )
    agent = next((o for o in earlier if o.contrast), None)
    if agent is not None:
        why = f"acquired after series {agent.series_number}, which had contrast: contrast is probable"
    elif twin is not None:
        why = f"repeats series {twin.series_number} later with the same geometry: contrast is probable"
    else:
        return series
    return replace(series, contrast_probable=True, evidence=(*series.evidence, why))


def _is_before_injection(series: SeriesFacts, other: SeriesFacts) -> bool:
    """Was this series acquired before an injection that another one states? Times of day, up to half a day apart."""
    if other is series or series.injected_at or not other.injected_at:
        return False
    began, acquired = seconds_of_day(other.injected_at), seconds_of_day(time_of(series.acquired_at))
    if began is None or acquired is None:
        return False
    return 0 < (began - acquired) % 86_400 < 43_200


def _geometry_key(one: SeriesFacts) -> tuple[object, ...]:
    return one.plane, one.three_d, one.slice_thickness_mm
