"""What the rules may know about a study: facts read from its headers and from how it came. No patient identity.

`StudyFacts` is a plain frozen value: it is stored with the case, shown on its page and replayed against draft rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from routing_rules.instance_facts import InstanceFacts, read_instance
from routing_rules.series.attributes import Header
from routing_rules.series.recognition import recognise_study
from routing_rules.series.series import SeriesFacts, SeriesKind
from routing_rules.series.vendor_facts import VendorFacts

__all__ = [
    "InstanceFacts",
    "Referral",
    "SeriesFacts",
    "SeriesKind",
    "StudyFacts",
    "facts_of_instances",
    "read_instance",
    "study_facts",
    "tells_stacks",
]


class Referral(StrEnum):
    """Why a second opinion is asked for."""

    SURVEILLANCE = "surveillance"
    SUSPECTED_PML = "suspected_pml"
    KNOWN_PML = "known_pml"


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


def tells_stacks(stored: Mapping[str, Any]) -> bool:
    """Do facts that `to_json` wrote say where images lie? Those of versions before 2026-12 do not."""
    return all("stacks" in one for one in stored.get("series", ()))


def study_facts(
    headers: Sequence[Header],
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
    return facts_of_instances(
        [read_instance(header, vendor_facts) for header in headers],
        vendor_facts=vendor_facts,
        sender=sender,
        calling_ae_title=calling_ae_title,
        called_ae_title=called_ae_title,
        address=address,
        site=site,
        enrolled=enrolled,
        referral=Referral(referral) if referral else None,
        months_since_last=months_since_last,
    )


def facts_of_instances(
    instances: Sequence[InstanceFacts],
    *,
    sender: str,
    calling_ae_title: str,
    called_ae_title: str,
    address: str,
    site: str,
    enrolled: bool | None = None,
    referral: Referral | None = None,
    months_since_last: float | None = None,
    vendor_facts: VendorFacts | None = None,
) -> StudyFacts:
    """As `study_facts`, from what was read of each instance when it arrived. The order of instances does not matter."""
    series = tuple(recognise_study((image for one in instances for image in one.images), vendor_facts))
    ages = {one.age_years for one in instances} - {None}
    return StudyFacts(
        sender=sender,
        calling_ae_title=calling_ae_title,
        called_ae_title=called_ae_title,
        address=address,
        site=site,
        study_description=next(iter(_union(instances, "study_descriptions")), ""),
        procedure_descriptions=_union(instances, "procedure_descriptions"),
        procedure_codes=_union(instances, "procedure_codes"),
        protocol_names=_union(instances, "protocol_names"),
        accession_number_present=any(one.accession_number_present for one in instances),
        modalities=_union(instances, "modalities"),
        body_parts=_union(instances, "body_parts"),
        anatomic_regions=_union(instances, "anatomic_regions"),
        manufacturers=_union(instances, "manufacturers"),
        models=_union(instances, "models"),
        field_strength_t=max((one.field_strength_t for one in series if one.field_strength_t), default=None),
        # Differing ages in one study are a mistake somewhere: the same one is taken every time.
        patient_age_years=min((age for age in ages if age is not None), default=None),
        enrolled=enrolled,
        referral=referral,
        months_since_last=months_since_last,
        instances=len({one.sop_instance_uid for one in instances}),
        series=series,
    )


def _union(instances: Sequence[InstanceFacts], name: str) -> tuple[str, ...]:
    return tuple(sorted({value for one in instances for value in getattr(one, name) if value}))
