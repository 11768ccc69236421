"""What one instance says, read once when it arrives: enough for recognition and rules, so that no file is read again.

A plain frozen value without the patient's name, identifier or birth date. Descriptions are in it, which
people type, so it leaves a process only for another one of the same worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from routing_rules.series.attributes import NOTHING, Elements, Header, has_value, items, tag_of, text, texts
from routing_rules.series.image_attributes import ImageTraits, read_traits
from routing_rules.series.vendor_facts import VendorFacts


@dataclass(frozen=True)
class InstanceFacts:
    """One instance: its images (one, or one for each frame) and what it says about its study."""

    sop_instance_uid: str = ""
    images: tuple[ImageTraits, ...] = ()
    study_descriptions: tuple[str, ...] = ()
    procedure_descriptions: tuple[str, ...] = ()
    procedure_codes: tuple[str, ...] = ()
    protocol_names: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    anatomic_regions: tuple[str, ...] = ()
    manufacturers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    accession_number_present: bool = False
    age_years: int | None = None


_PROCEDURE_TEXTS = (tag_of("RequestedProcedureDescription"), tag_of("PerformedProcedureStepDescription"))
_PROCEDURE_CODES = (tag_of("ProcedureCodeSequence"), tag_of("RequestedProcedureCodeSequence"))
_REQUESTS = tag_of("RequestAttributesSequence")
_REQUEST_TEXTS = (*_PROCEDURE_TEXTS, tag_of("ScheduledProcedureStepDescription"))
_CODE, _SCHEME, _MEANING = tag_of("CodeValue"), tag_of("CodingSchemeDesignator"), tag_of("CodeMeaning")
_REGIONS = tag_of("AnatomicRegionSequence")
_MANY = {
    "study_descriptions": tag_of("StudyDescription"),
    "modalities": tag_of("Modality"),
    "body_parts": tag_of("BodyPartExamined"),
    "protocol_names": tag_of("ProtocolName"),
    "manufacturers": tag_of("Manufacturer"),
    "models": tag_of("ManufacturerModelName"),
}
_ACCESSION, _SOP = tag_of("AccessionNumber"), tag_of("SOPInstanceUID")
_AGE, _BORN, _STUDIED = tag_of("PatientAge"), tag_of("PatientBirthDate"), tag_of("StudyDate")
_PER_YEAR = {"Y": 1.0, "M": 12.0, "W": 52.18, "D": 365.25}


_SHARED, _PER_FRAME = (
    tag_of("SharedFunctionalGroupsSequence"),
    tag_of("PerFrameFunctionalGroupsSequence"),
)


def read_instance(header: Header, vendor_facts: VendorFacts | None = None) -> InstanceFacts:
    """Read one header (no pixels). Never raises for what it contains; what cannot be read counts as absent."""
    elements = Elements.of(header)
    many: dict[str, Any] = {name: texts(elements, tag) for name, tag in _MANY.items()}
    return InstanceFacts(
        **many,
        sop_instance_uid=text(elements, _SOP),
        images=read_traits(elements, vendor_facts),
        procedure_descriptions=_procedure_texts(elements),
        procedure_codes=_codes(elements),
        anatomic_regions=_regions(elements),
        accession_number_present=has_value(elements, _ACCESSION),
        age_years=_age(elements),
    )


def _regions(header: Elements) -> tuple[str, ...]:
    """Codes and meanings of the anatomic region: of the object, or of all its frames (PS3.3 C.7.6.16.2.8)."""
    shared = next((Elements.inside(item) for item in items(header, _SHARED)), NOTHING)
    found = (item for source in (header, shared) for item in items(source, _REGIONS))
    return tuple(value for item in found for part in (_CODE, _MEANING) for value in texts(item, part))


def _procedure_texts(header: Elements) -> tuple[str, ...]:
    own = [value for tag in _PROCEDURE_TEXTS for value in texts(header, tag)]
    asked = [
        value for item in items(header, _REQUESTS) for tag in _REQUEST_TEXTS for value in texts(item, tag)
    ]
    return (*own, *asked)


def _codes(header: Elements) -> tuple[str, ...]:
    """Procedure codes as "value" and as "scheme:value"."""
    holders = [header, *items(header, _REQUESTS)]
    coded = [item for holder in holders for tag in _PROCEDURE_CODES for item in items(holder, tag)]
    plain = [text(item, _CODE) for item in coded]
    return (*plain, *(f"{text(item, _SCHEME)}:{text(item, _CODE)}" for item in coded if text(item, _SCHEME)))


def _age(header: Elements) -> int | None:
    stated = text(header, _AGE).upper()
    if stated[-1:] in _PER_YEAR and stated[:-1].isdigit():
        return int(int(stated[:-1]) / _PER_YEAR[stated[-1]])
    born, studied = _day(text(header, _BORN)), _day(text(header, _STUDIED))
    if born is None or studied is None or born > studied:
        return None
    return studied.year - born.year - ((studied.month, studied.day) < (born.month, born.day))


def _day(value: str) -> date | None:
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:8]))
    except ValueError:
        return None
