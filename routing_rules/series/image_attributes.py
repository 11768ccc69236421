"""What one image says about itself, read once from its header: the input of series recognition.

A classic object gives one `ImageTraits`, an enhanced multi-frame object one per frame (functional groups of
PS3.3 C.7.6.16 first, then the top level). Nothing here judges; see `table` and `recognition` for that.
Times are in milliseconds, lengths in millimetres, b-values in s/mm².
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from routing_rules.series.attributes import (
    NOTHING,
    Elements,
    Header,
    items,
    number,
    numbers,
    private_blocks,
    tag_of,
    text,
    texts,
)
from routing_rules.series.derivation import NOT_DERIVED, Derived, read_derivation
from routing_rules.series.diffusion_attributes import public_marks, read_diffusion
from routing_rules.series.vendor_facts import VendorFacts, standard_vendor_facts


@dataclass(frozen=True)
class ImageTraits:
    """The attributes of one image or frame that recognition looks at; "" , () and None mean absent."""

    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    series_instance_uid: str = ""
    modality: str = ""
    manufacturer: str = ""
    description: str = ""
    protocol_name: str = ""
    acquired_at: str = ""
    body_parts: tuple[str, ...] = ()
    image_type: tuple[str, ...] = ()
    private_roles: tuple[str, ...] = ()
    scanning_sequence: tuple[str, ...] = ()
    sequence_variant: tuple[str, ...] = ()
    scan_options: tuple[str, ...] = ()
    sequence_names: tuple[str, ...] = ()
    acquisition_contrast: str = ""
    complex_component: str = ""
    echo_pulse_sequence: str = ""
    echo_planar: str = ""
    inversion_recovery: str = ""
    steady_state: str = ""
    time_of_flight: str = ""
    phase_contrast: str = ""
    spin_labeling: str = ""
    angio_flag: str = ""
    acquisition_type: str = ""
    spoiling: str = ""
    directionality: str = ""
    derivation: Derived = NOT_DERIVED
    diffusion_marks: tuple[str, ...] = ()
    """What besides a b-value speaks of diffusion: gradients, directions, flags of the vendor."""
    diffusion_denied: bool = False
    """The vendor's flags for diffusion are there and are all zero."""
    quantities: tuple[str, ...] = ()
    agent: str | None = None
    agent_meanings: tuple[str, ...] = ()
    agent_amounts: tuple[float, ...] = ()
    """Volume and dose, as they are stated; 0 is a statement too."""
    agent_started_at: str = ""
    agent_administered: str = ""
    series_number: float | None = None
    repetition_time_ms: float | None = None
    echo_time_ms: float | None = None
    inversion_times_ms: tuple[float, ...] = ()
    flip_angle: float | None = None
    echo_train_length: float | None = None
    gradient_echo_train_length: float | None = None
    temporal_positions: float | None = None
    field_strength_t: float | None = None
    b_value: float | None = None
    unproven_b_value: float | None = None
    """A b-value that the scanner left over from the last diffusion series: no proof of anything."""
    epi_factor: float | None = None
    pixel_bandwidth_hz: float | None = None
    slice_thickness_mm: float | None = None
    slice_spacing_mm: float | None = None
    slices_per_image: int | None = 1
    """More than one in a mosaic; None: it is a mosaic, and nothing says of how many."""
    rows: float | None = None
    columns: float | None = None
    pixel_spacing_mm: tuple[float, ...] = ()
    orientation: tuple[float, ...] = ()
    position: tuple[float, ...] = ()


# The first keyword that is present counts. FrameType is ImageType of one frame.
_TEXT = {
    "sop_class_uid": ("SOPClassUID",),
    "sop_instance_uid": ("SOPInstanceUID",),
    "series_instance_uid": ("SeriesInstanceUID",),
    "modality": ("Modality",),
    "manufacturer": ("Manufacturer",),
    "description": ("SeriesDescription",),
    "protocol_name": ("ProtocolName",),
    "acquisition_contrast": ("AcquisitionContrast",),
    "complex_component": ("ComplexImageComponent",),
    "echo_pulse_sequence": ("EchoPulseSequence",),
    "echo_planar": ("EchoPlanarPulseSequence",),
    "inversion_recovery": ("InversionRecovery",),
    "steady_state": ("SteadyStatePulseSequence",),
    "time_of_flight": ("TimeOfFlightContrast",),
    "phase_contrast": ("PhaseContrast",),
    "spin_labeling": ("ArterialSpinLabelingContrast",),
    "angio_flag": ("AngioFlag",),
    "acquisition_type": ("MRAcquisitionType",),
    "spoiling": ("Spoiling",),
    "directionality": ("DiffusionDirectionality",),
    "agent_administered": ("ContrastBolusAgentAdministered",),
}
_TEXTS = {
    "image_type": ("FrameType", "ImageType"),
    "scanning_sequence": ("ScanningSequence",),
    "sequence_variant": ("SequenceVariant",),
    "scan_options": ("ScanOptions",),
}
_NUMBER = {
    "series_number": ("SeriesNumber",),
    "repetition_time_ms": ("RepetitionTime",),
    "echo_time_ms": ("EffectiveEchoTime", "EchoTime"),
    "flip_angle": ("FlipAngle",),
    "echo_train_length": ("RFEchoTrainLength", "EchoTrainLength"),
    "gradient_echo_train_length": ("GradientEchoTrainLength",),
    "temporal_positions": ("NumberOfTemporalPositions",),
    "field_strength_t": ("MagneticFieldStrength",),
    "b_value": ("DiffusionBValue",),
    "pixel_bandwidth_hz": ("PixelBandwidth",),
    "slice_thickness_mm": ("SliceThickness",),
    "slice_spacing_mm": ("SpacingBetweenSlices",),
    "rows": ("Rows",),
    "columns": ("Columns",),
}
_NUMBERS = {
    "inversion_times_ms": ("InversionTimes", "InversionTime"),
    "pixel_spacing_mm": ("PixelSpacing",),
    "orientation": ("ImageOrientationPatient",),
    "position": ("ImagePositionPatient",),
}
_KEEP_CASE = frozenset({"description", "protocol_name", "manufacturer"})
_FIELDS: tuple[tuple[str, Any, tuple[int, ...], bool], ...] = tuple(
    (
        name,
        decode,
        tuple(tag_of(keyword) for keyword in keywords),
        decode in (text, texts) and not name.endswith("_uid") and name not in _KEEP_CASE,
    )
    for decode, table in ((text, _TEXT), (texts, _TEXTS), (number, _NUMBER), (numbers, _NUMBERS))
    for name, keywords in table.items()
)
_NAME_TAGS = (tag_of("SequenceName"), tag_of("PulseSequenceName"))
_TIME_TAGS = tuple(
    (tag_of(f"{moment}Date"), tag_of(f"{moment}Time")) for moment in ("Acquisition", "Series", "Content")
)
_ACQUIRED = tag_of("AcquisitionDateTime")
_AGENT = tag_of("ContrastBolusAgent")
_AGENT_ITEMS = tag_of("ContrastBolusAgentSequence")
_AGENT_AMOUNTS = (tag_of("ContrastBolusVolume"), tag_of("ContrastBolusTotalDose"))
_AGENT_STARTED = tag_of("ContrastBolusStartTime")
_BODY_PART, _REGION = tag_of("BodyPartExamined"), tag_of("AnatomicRegionSequence")
_MOSAICS = frozenset({"MOSAIC", "VFRAME"})
_MAPPING = tag_of("RealWorldValueMappingSequence")
_QUANTITY_PARTS = (tag_of("MeasurementUnitsCodeSequence"), tag_of("QuantityDefinitionSequence"))
_CODE_VALUE, _CODE_MEANING = tag_of("CodeValue"), tag_of("CodeMeaning")
_CONCEPT_CODE = tag_of("ConceptCodeSequence")
_SHARED, _PER_FRAME = tag_of("SharedFunctionalGroupsSequence"), tag_of("PerFrameFunctionalGroupsSequence")


def read_traits(header: Header, vendor_facts: VendorFacts | None = None) -> tuple[ImageTraits, ...]:
    """The traits of every image in an instance: one for a classic object, one per frame for an enhanced one.

    Never raises for what a header contains; values that cannot be read count as absent.
    """
    facts = vendor_facts or standard_vendor_facts()
    elements = Elements.of(header)
    shared = next((Elements.inside(item) for item in items(elements, _SHARED)), NOTHING)
    base = _base(elements, shared, facts)
    frames = items(elements, _PER_FRAME)
    if not frames:
        return (base,)
    return tuple(_frame(base, Elements.inside(frame)) for frame in frames)


def _frame(base: ImageTraits, frame: Elements) -> ImageTraits:
    found = _found(frame)
    marks = public_marks(frame, found) or base.diffusion_marks
    derivation = read_derivation(frame)
    return replace(
        base,
        **found,
        diffusion_marks=marks,
        derivation=base.derivation if derivation == NOT_DERIVED else derivation,
    )


def _base(header: Elements, shared: Elements, facts: VendorFacts) -> ImageTraits:
    values = _found(shared, header)
    blocks = private_blocks(header)
    names = [name for tag in _NAME_TAGS for name in texts(header, tag)]
    names += [
        name
        for one in facts.sequence_name_elements
        for tag in one.tags(blocks)
        for name in texts(header, tag)
    ]
    diffusion = read_diffusion(header, shared, blocks, values, facts)
    values["b_value"] = diffusion.b_value
    counts = [number(header, tag) for one in facts.mosaic_counts for tag in one.tags(blocks)]
    mosaic = _MOSAICS & set(values.get("image_type", ()))
    return ImageTraits(
        **values,
        sequence_names=tuple(dict.fromkeys(name for name in names if name)),
        acquired_at=_acquired_at(header),
        body_parts=_body_parts(header, shared),
        private_roles=_private_roles(header, blocks, values.get("b_value"), facts),
        derivation=read_derivation(header, shared),
        diffusion_marks=diffusion.marks,
        diffusion_denied=diffusion.denied,
        unproven_b_value=diffusion.unproven_b_value,
        epi_factor=_epi_factor(header, blocks, facts),
        quantities=_quantities(header, shared),
        agent=text(header, _AGENT) if _AGENT in header else None,
        agent_meanings=tuple(
            meaning for item in items(header, _AGENT_ITEMS) if (meaning := text(item, _CODE_MEANING))
        ),
        agent_amounts=tuple(amount for tag in _AGENT_AMOUNTS for amount in numbers(header, tag)),
        agent_started_at=text(header, _AGENT_STARTED),
        slices_per_image=next((int(count) for count in counts if count and 1 <= count < 10_000), None)
        if mosaic
        else 1,
    )


def _found(*sources: Elements) -> dict[str, Any]:
    """The values of the tables above, each from the first source that has it."""
    values: dict[str, Any] = {}
    for name, decode, tags, is_words in _FIELDS:
        for tag in tags:
            value = None
            for source in sources:
                if tag in source.raw:
                    value = decode(source, tag)
                    break
            if value not in ("", (), None):
                values[name] = _upper(value) if is_words else value
                break
    return values


def _upper(value: Any) -> Any:
    return tuple(one.upper() for one in value) if isinstance(value, tuple) else value.upper()


def _epi_factor(header: Elements, blocks: Mapping[tuple[int, str], int], facts: VendorFacts) -> float | None:
    found = (numbers(header, tag, one.vr) for one in facts.epi_factors for tag in one.tags(blocks))
    return next((factor for factors in found for factor in factors), None)


def _private_roles(
    header: Elements, blocks: Mapping[tuple[int, str], int], b_value: float | None, facts: VendorFacts
) -> tuple[str, ...]:
    roles = []
    for one in facts.private_values if blocks else ():
        if one.from_b is not None and (b_value or 0.0) < one.from_b:
            continue
        for tag in one.tags(blocks):
            said = texts(header, tag) or tuple(f"{number:g}" for number in numbers(header, tag, one.vr))
            roles += [one.values[value] for value in said if value in one.values]
    return tuple(sorted(set(roles)))


def _body_parts(header: Elements, shared: Elements) -> tuple[str, ...]:
    """BodyPartExamined and the meanings of the anatomic region, of the object or of its frames (PS3.3 C.7.6.16.2.8)."""
    regions = (text(item, _CODE_MEANING) for holder in (header, shared) for item in items(holder, _REGION))
    named = (part.upper() for part in (text(header, _BODY_PART), *regions))
    return tuple(dict.fromkeys(part for part in named if part))


def _acquired_at(header: Elements) -> str:
    combined = text(header, _ACQUIRED)
    if combined:
        return combined[:14]
    for date, time in _TIME_TAGS:
        if text(header, time):
            return (text(header, date) + text(header, time)).replace(":", "")[:14]
    return ""


def _quantities(header: Elements, shared: Elements) -> tuple[str, ...]:
    """Codes of what the pixel values measure (PS3.3 C.7.6.16.2.11), upper case."""
    mappings = items(header, _MAPPING) or (shared,)
    codes: list[str] = []
    for mapping in mappings:
        for part in _QUANTITY_PARTS:
            for item in items(mapping, part):
                for code in (item, *items(item, _CONCEPT_CODE)):
                    codes += [text(code, _CODE_VALUE).upper(), text(code, _CODE_MEANING).upper()]
    return tuple(dict.fromkeys(code for code in codes if code))
