"""A coded entry leaves with the Standard's meaning of its code, or without anything a person wrote."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from gateway.privacy.deidentify.coded_entries import SCHEMES, UNKNOWN_SCHEME, clean_coded_entry
from gateway.privacy.words.dates_and_dummies import REMOVED

strangers = st.text(st.sampled_from("BCDFGHJKLMNPQRSTVWXYZ"), min_size=6, max_size=12).map(lambda t: "QZ" + t)


def entry(scheme: str, value: str, meaning: str) -> Dataset:
    """A coded entry (PS3.3 8.8)."""
    item = Dataset()
    item.CodingSchemeDesignator, item.CodeValue, item.CodeMeaning = scheme, value, meaning
    return item


def triplet(item: Dataset) -> tuple[str, str, str]:
    """Scheme, value and meaning of a coded entry."""
    return item.CodingSchemeDesignator, item.CodeValue, item.CodeMeaning


@given(strangers)
@settings(derandomize=True)
def test_a_typed_meaning_never_leaves(name: str) -> None:
    """A known code gets the Standard's own meaning, whatever was typed at the scanner."""
    item = entry("SCT", "12738006", f"Brain of {name}")
    assert clean_coded_entry(item)
    assert triplet(item) == ("SCT", "12738006", "Brain")


@given(strangers, strangers)
@settings(derandomize=True)
def test_a_local_code_is_replaced_as_a_whole(value: str, meaning: str) -> None:
    """Its value could be a number of a patient or an order; nothing of it is left, its origin included."""
    item = entry("99LOCAL", value, meaning)
    item.CodingSchemeVersion, item.MappingResource = value, value
    item.EquivalentCodeSequence = Sequence([entry("99LOCAL", value, meaning)])
    assert clean_coded_entry(item)
    assert triplet(item) == (UNKNOWN_SCHEME, REMOVED, REMOVED)
    assert len(item) == 3


@pytest.mark.parametrize("keyword", ["LongCodeValue", "URNCodeValue"])
def test_an_entry_has_one_code(keyword: str) -> None:
    """A code in another attribute than CodeValue is replaced by one there, not joined by it (PS3.3 Table 8.8-1)."""
    item = entry("99LOCAL", "", "Head of Petra")
    del item.CodeValue
    setattr(item, keyword, "urn:oid:1.2.276.0.76.4711.Petra")
    assert clean_coded_entry(item)
    assert triplet(item) == (UNKNOWN_SCHEME, REMOVED, REMOVED)
    assert keyword not in item


def test_a_clean_entry_is_left_alone() -> None:
    """Nothing is logged as cleaned that was clean."""
    item = entry("SCT", "12738006", "Brain")
    assert not clean_coded_entry(item)
    assert triplet(item) == ("SCT", "12738006", "Brain")


def test_cleaning_twice_is_cleaning_once() -> None:
    """What stands for a removed code stays."""
    item = entry("99LOCAL", "4711", "Petra")
    clean_coded_entry(item)
    assert not clean_coded_entry(item)


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("ms", ("UCUM", "ms", "millisecond")),
        ("{ratio}", ("UCUM", "{ratio}", "ratio")),
        ("10*-3.mm2/s", ("UCUM", "10*-3.mm2/s", "10*-3.mm2/s")),
        ("Petra Probe", (UNKNOWN_SCHEME, REMOVED, REMOVED)),
        ("1" * 13, (UNKNOWN_SCHEME, REMOVED, REMOVED)),
    ],
)
def test_a_unit_has_no_typed_meaning(value: str, left: tuple[str, str, str]) -> None:
    """UCUM: the Standard's meaning, or the unit itself; what has not the form of a unit goes."""
    item = entry("UCUM", value, "Petra")
    assert clean_coded_entry(item)
    assert triplet(item) == left


def test_an_old_snomed_code_unknown_to_the_standard_goes() -> None:
    """Its value may be a number of a patient, and its meaning is typed."""
    for value, meaning in (("T-FFFFF", "brain"), ("P1-47119", "")):
        item = entry("SRT", value, meaning)
        clean_coded_entry(item)
        assert triplet(item) == (UNKNOWN_SCHEME, REMOVED, REMOVED)


@pytest.mark.parametrize(
    "unit", ["1", "ms", "mm2/s", "s/mm2", "10*-3mm2/s", "uT", "[ppm]", "deg", "%", "W/kg"]
)
def test_a_unit_says_itself(unit: str) -> None:
    """Of UCUM, made of units that images are measured in."""
    item = entry("UCUM", unit, "typed")
    clean_coded_entry(item)
    assert triplet(item) == ("UCUM", unit, unit) or item.CodeMeaning != "typed"
    assert item.CodeValue == unit


@pytest.mark.parametrize(
    "text", ["Zwirnlein", "KowalskaB", "{Zwirnlein}", "mm.Zwirn", "4711923", "P07", "dAnna"]
)
def test_a_name_is_no_unit(text: str) -> None:
    """Nor what UCUM would take for an annotation."""
    item = entry("UCUM", text, text)
    clean_coded_entry(item)
    assert triplet(item) == (UNKNOWN_SCHEME, REMOVED, REMOVED)


@pytest.mark.parametrize(
    ("keyword", "text", "stays"),
    [
        ("CodingSchemeDesignator", "DCM", True),
        ("CodingSchemeDesignator", "SRT", True),
        ("CodingSchemeDesignator", "Zwirnlein", False),
        ("CodingSchemeVersion", "1.4", True),
        ("CodingSchemeVersion", "19710413", False),
    ],
)
def test_a_coding_scheme_is_one_of_the_standard(keyword: str, text: str, stays: bool) -> None:
    """Outside of coded entries, too (CodingSchemeIdentificationSequence)."""
    assert SCHEMES[keyword](text) is stays


def test_what_is_no_coded_entry_is_not_touched() -> None:
    """An item without code value and meaning gets none."""
    item = Dataset()
    item.ReferencedSOPInstanceUID = "2.25.1"
    assert not clean_coded_entry(item)
    assert len(item) == 1


def test_a_meaning_without_a_code_goes() -> None:
    """Nobody knows what it stands for; a person may have typed it."""
    item = Dataset()
    item.CodeMeaning = "Petra"
    assert clean_coded_entry(item)
    assert triplet(item) == (UNKNOWN_SCHEME, REMOVED, REMOVED)
