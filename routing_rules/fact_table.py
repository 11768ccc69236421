"""The facts a condition may ask for: name, kind of value, meaning, and where the value is found.

Texts are compared without regard to case. AE titles, node names and sites are compared exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from routing_rules.facts import Referral, SeriesKind, StudyFacts

Value = str | float | bool


class FactKind(StrEnum):
    """What kind of value a fact has, and so which operators fit it."""

    TEXT = "text"
    NAME = "name"
    NUMBER = "number"
    FLAG = "flag"


@dataclass(frozen=True)
class Fact:
    """One fact; `values` gives () when a study does not know it, several values for facts like descriptions.

    `single`: a study has at most one value; `domain`: the only values there are; `always`: every study knows it.
    """

    name: str
    kind: FactKind
    meaning: str
    values: Callable[[StudyFacts], tuple[Value, ...]]
    single: bool = False
    domain: tuple[Value, ...] = ()
    always: bool = False


def _one(name: str) -> Callable[[StudyFacts], tuple[Value, ...]]:
    def values(facts: StudyFacts) -> tuple[Value, ...]:
        value = getattr(facts, name)
        return () if value is None or value == "" else (value,)

    return values


def _many(name: str) -> Callable[[StudyFacts], tuple[Value, ...]]:
    return lambda facts: tuple(getattr(facts, name))


def _series(name: str) -> Callable[[StudyFacts], tuple[Value, ...]]:
    def values(facts: StudyFacts) -> tuple[Value, ...]:
        found = (getattr(one, name) for one in facts.series)
        return tuple(dict.fromkeys(value for value in found if value not in (None, "")))

    return values


def _b_values(facts: StudyFacts) -> tuple[Value, ...]:
    return tuple(sorted({b for one in facts.series for b in one.b_values}))


_NAME, _TEXT, _NUMBER, _FLAG = FactKind.NAME, FactKind.TEXT, FactKind.NUMBER, FactKind.FLAG

FACTS: dict[str, Fact] = {
    fact.name: fact
    for fact in (
        Fact("sender", _NAME, "name of the node that sent the study", _one("sender"), single=True),
        Fact("calling_ae_title", _NAME, "AE title of the caller", _one("calling_ae_title"), single=True),
        Fact("called_ae_title", _NAME, "AE title the caller addressed", _one("called_ae_title"), single=True),
        Fact("address", _NAME, "network address of the caller", _one("address"), single=True),
        Fact("site", _NAME, "site the sender belongs to", _one("site"), single=True),
        Fact("study_description", _TEXT, "StudyDescription", _one("study_description"), single=True),
        Fact(
            "procedure_descriptions",
            _TEXT,
            "texts of the requested procedure",
            _many("procedure_descriptions"),
        ),
        Fact(
            "procedure_codes", _TEXT, 'procedure codes: "value" or "scheme:value"', _many("procedure_codes")
        ),
        Fact("series_descriptions", _TEXT, "SeriesDescription of any series", _series("description")),
        Fact("protocol_names", _TEXT, "ProtocolName of any series", _many("protocol_names")),
        Fact("modalities", _TEXT, "Modality of any series", _many("modalities")),
        Fact("body_parts", _TEXT, "BodyPartExamined", _many("body_parts")),
        Fact(
            "anatomic_regions",
            _TEXT,
            "codes and meanings of AnatomicRegionSequence",
            _many("anatomic_regions"),
        ),
        Fact(
            "series_kinds",
            _TEXT,
            "kinds of series recognised (flair, t2, dwi ...)",
            _many("series_kinds"),
            domain=tuple(SeriesKind),
        ),
        Fact("b_values", _NUMBER, "b-values of the diffusion series, s/mm²", _b_values),
        Fact(
            "slice_thickness_mm", _NUMBER, "slice thickness of any series, mm", _series("slice_thickness_mm")
        ),
        Fact("manufacturers", _TEXT, "Manufacturer", _many("manufacturers")),
        Fact("models", _TEXT, "ManufacturerModelName", _many("models")),
        Fact(
            "field_strength_t",
            _NUMBER,
            "magnetic field strength, tesla",
            _one("field_strength_t"),
            single=True,
        ),
        Fact("patient_age_years", _NUMBER, "age at the study, years", _one("patient_age_years"), single=True),
        Fact(
            "instances", _NUMBER, "number of instances received", _one("instances"), single=True, always=True
        ),
        Fact(
            "accession_number_present",
            _FLAG,
            "is there an accession number",
            _one("accession_number_present"),
            single=True,
            always=True,
        ),
        Fact("enrolled", _FLAG, "is the patient on the enrolment list", _one("enrolled"), single=True),
        Fact(
            "referral",
            _TEXT,
            "surveillance, suspected_pml or known_pml, when the sender said so",
            _one("referral"),
            single=True,
            domain=tuple(Referral),
        ),
        Fact(
            "months_since_last",
            _NUMBER,
            "months since the last surveillance MRI",
            _one("months_since_last"),
            single=True,
        ),
    )
}
