"""What the rules may know about a study: facts read from its headers and from how it came. No patient identity.

`StudyFacts` is a plain frozen value: it is stored with the case, shown on its page and replayed against draft rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydicom.dataset import Dataset

from routing_rules.elements import has_value, items, tag_of, text, texts
from routing_rules.sequences import classify_study
from routing_rules.series import SeriesFacts, SeriesKind
from routing_rules.vendor_facts import VendorFacts

__all__ = ["Referral", "SeriesFacts", "SeriesKind", "StudyFacts", "study_facts", "study_facts_of"]


class Referral(StrEnum):
    """Why a second opinion is asked for."""

    SURVEILLANCE = "surveillance"
    SUSPECTED_PML = "suspected_pml"


@dataclass(frozen=True)
class StudyFacts:
    """One study as rules see it. "", () and None mean: not known.

    Ages are in whole years, field strengths in tesla, `months_since_last` in months since the last surveillance MRI.
    """

    sender: str = ""
    calling_ae_title: str = ""
    called_ae_title: str = ""
    address: str = ""
    site: str = ""
    study_description: str = ""
    procedure_descriptions: tuple[str, ...] = ()
    procedure_codes: tuple[str, ...] = ()
    protocol_names: tuple[str, ...] = ()
    accession_number_present: bool = False
    modalities: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    anatomic_regions: tuple[str, ...] = ()
    manufacturers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    field_strength_t: float | None = None
    patient_age_years: int | None = None
    enrolled: bool | None = None
    referral: Referral | None = None
    months_since_last: float | None = None
    instances: int = 0
    series: tuple[SeriesFacts, ...] = ()

    @property
    def series_kinds(self) -> tuple[SeriesKind, ...]:
        """Every kind of series present, each once, in the order of `SeriesKind`."""
        present = frozenset[SeriesKind]().union(*(one.kinds for one in self.series))
        return tuple(kind for kind in SeriesKind if kind in present)

    def to_json(self) -> dict[str, Any]:
        """A plain dict of JSON values, readable again by `from_json`."""
        plain = {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }
        return {**plain, "series": [one.to_json() for one in self.series]}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> StudyFacts:
        """The facts that `to_json` wrote; keys that are missing are not known, keys of a newer version ignored."""
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()
        }
        values["series"] = tuple(SeriesFacts.from_json(one) for one in stored.get("series", ()))
        values["referral"] = Referral(stored["referral"]) if stored.get("referral") else None
        return cls(**{key: value for key, value in values.items() if key in known})


_STUDY_DESCRIPTION = tag_of("StudyDescription")
_PROCEDURE_TEXTS = (tag_of("RequestedProcedureDescription"), tag_of("PerformedProcedureStepDescription"))
_PROCEDURE_CODES = (tag_of("ProcedureCodeSequence"), tag_of("RequestedProcedureCodeSequence"))
_REQUESTS = tag_of("RequestAttributesSequence")
_REQUEST_TEXTS = (*_PROCEDURE_TEXTS, tag_of("ScheduledProcedureStepDescription"))
_CODE, _SCHEME, _MEANING = tag_of("CodeValue"), tag_of("CodingSchemeDesignator"), tag_of("CodeMeaning")
_REGIONS = tag_of("AnatomicRegionSequence")
_MANY = {
    "modalities": tag_of("Modality"),
    "body_parts": tag_of("BodyPartExamined"),
    "protocol_names": tag_of("ProtocolName"),
    "manufacturers": tag_of("Manufacturer"),
    "models": tag_of("ManufacturerModelName"),
}
_ACCESSION, _SOP = tag_of("AccessionNumber"), tag_of("SOPInstanceUID")
_AGE, _BORN, _STUDIED = tag_of("PatientAge"), tag_of("PatientBirthDate"), tag_of("StudyDate")
_PER_YEAR = {"Y": 1.0, "M": 12.0, "W": 52.18, "D": 365.25}


def study_facts(
    headers: Sequence[Dataset],
    *,
    sender: str,
    calling_ae_title: str,
    called_ae_title: str,
    address: str,
    site: str,
    enrolled: bool | None = None,
    referral: Referral | str | None = None,
    months_since_last: float | None = None,
    vendor_facts: VendorFacts | None = None,
) -> StudyFacts:
    """The facts of one study from the headers of its instances (no pixels) and from how it came.

    Never raises for what headers contain. Raises ValueError for a referral that is none of `Referral`.
    """
    return study_facts_of(
        headers,
        classify_study(headers, vendor_facts),
        sender=sender,
        calling_ae_title=calling_ae_title,
        called_ae_title=called_ae_title,
        address=address,
        site=site,
        enrolled=enrolled,
        referral=Referral(referral) if referral else None,
        months_since_last=months_since_last,
    )


def study_facts_of(headers: Sequence[Dataset], series: Iterable[SeriesFacts], **known: Any) -> StudyFacts:
    """As `study_facts`, for series that are already recognised; `known` are further fields of StudyFacts."""
    recognised = tuple(series)
    many: dict[str, Any] = {
        name: _union(texts(header, tag) for header in headers) for name, tag in _MANY.items()
    }
    strengths = [one.field_strength_t for one in recognised if one.field_strength_t]
    return StudyFacts(
        **many,
        **known,
        study_description=next(iter(_union(texts(header, _STUDY_DESCRIPTION) for header in headers)), ""),
        procedure_descriptions=_union(_procedure_texts(header) for header in headers),
        procedure_codes=_union(_codes(header) for header in headers),
        anatomic_regions=_union(
            texts(item, part)
            for header in headers
            for item in items(header, _REGIONS)
            for part in (_CODE, _MEANING)
        ),
        accession_number_present=any(has_value(header, _ACCESSION) for header in headers),
        field_strength_t=max(strengths, default=None),
        patient_age_years=next((age for age in map(_age, headers) if age is not None), None),
        instances=len({text(header, _SOP) for header in headers}),
        series=recognised,
    )


def _union(found: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(sorted({value for values in found for value in values if value}))


def _procedure_texts(header: Dataset) -> tuple[str, ...]:
    own = [value for tag in _PROCEDURE_TEXTS for value in texts(header, tag)]
    asked = [
        value for item in items(header, _REQUESTS) for tag in _REQUEST_TEXTS for value in texts(item, tag)
    ]
    return (*own, *asked)


def _codes(header: Dataset) -> tuple[str, ...]:
    """Procedure codes as "value" and as "scheme:value"."""
    holders = [header, *items(header, _REQUESTS)]
    coded = [item for holder in holders for tag in _PROCEDURE_CODES for item in items(holder, tag)]
    plain = [text(item, _CODE) for item in coded]
    return (*plain, *(f"{text(item, _SCHEME)}:{text(item, _CODE)}" for item in coded if text(item, _SCHEME)))


def _age(header: Dataset) -> int | None:
    stated = text(header, _AGE).upper()
    if stated[-1:] in _PER_YEAR and stated[:-1].isdigit():
        return int(int(stated[:-1]) / _PER_YEAR[stated[-1]])
    born, studied = _day(text(header, _BORN)), _day(text(header, _STUDIED))
    if born is None or studied is None or born > studied:
        return None
    return studied.year - born.year - ((studied.month, studied.day) < (born.month, born.day))


def _day(value: str) -> date | None:
    try:
        return datetime.strptime(value[:8], "%Y%m%d").date()  # noqa: DTZ007 (a DICOM date has no zone)
    except ValueError:
        return None
