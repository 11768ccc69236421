"""Coded strings say what their attribute can mean, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword

from gateway.privacy.profile.iod import AttributeDefinition, attributes_of
from gateway.privacy.profile.profile import load_profile
from gateway.privacy.words.coded_terms import attributes_with_terms, is_term

PROFILE = load_profile()
strangers = st.text(st.sampled_from("BCDFGHJKLMNPQRSTVWXYZ"), min_size=5, max_size=14).map(lambda t: "QZ" + t)
# Without terms in the Standard, or with none that an image needs: they keep no value.
WITHOUT = {
    "BlockIdentifyingInformationStatus",
    "CodingSchemeURLType",
    "DeidentificationAction",
    "IdentifierTypeCode",
    "PatientAlternativeCalendar",
    "ReasonForTheAttributeModification",
    "ResponsiblePersonRole",
}


def coded(places: Mapping[int, AttributeDefinition]) -> Iterator[str]:
    """The coded strings of an IOD that the profile keeps, at any depth."""
    for tag, place in places.items():
        if dictionary_VR(tag) == "CS" and PROFILE.code(tag) in (None, "K", "C"):
            yield keyword_for_tag(tag)
        yield from coded(place.children)


@pytest.mark.parametrize("sop_class", PROFILE.sop_classes)
def test_every_coded_string_of_an_image_has_its_terms(sop_class: str) -> None:
    """Or is named here as one that keeps no value."""
    found = set(coded(attributes_of(sop_class, also=PROFILE.also_allowed)))
    assert found - attributes_with_terms() <= WITHOUT


def test_the_table_names_attributes_of_the_standard() -> None:
    """All of them coded strings, but for two texts that are written like one."""
    others = {
        keyword for keyword in attributes_with_terms() if dictionary_VR(tag_for_keyword(keyword)) != "CS"
    }  # type: ignore[arg-type]
    assert others == {"ImagedNucleus", "RescaleType"}


@pytest.mark.parametrize("keyword", sorted(attributes_with_terms()))
@given(strangers)
@settings(derandomize=True, max_examples=10)
def test_no_attribute_takes_a_stranger(keyword: str, name: str) -> None:
    """A name is a term nowhere, alone or beside terms."""
    for value in (name, f"M_{name}", f"{name} IMAGE", f"CSA_{name}", name.lower()):
        assert not is_term(keyword, value)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ImageType", "ORIGINAL"),
        ("ImageType", "M_FFE"),
        ("ImageType", "PROJECTION IMAGE"),
        ("ImageType", "CSA MPR"),
        ("ImageType", "ECHO_00"),
        ("FrameType", "DIS2D"),
        ("ScanOptions", "FAST_GEMS"),
        ("ScanOptions", "SAT1"),
        ("PatientPosition", "HFS "),
        ("PatientOrientation", "AFR"),
        ("OperatingModeType", "STATIC FIELD"),
        ("BodyPartExamined", "HEAD"),
        ("PatientSex", "REMOVED"),
        ("Laterality", ""),
    ],
)
def test_terms_of_the_standard_and_of_scanners_stay(keyword: str, value: str) -> None:
    """Padding, an empty value and our own word are none of anybody's."""
    assert is_term(keyword, value)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ImageType", "P07"),
        ("ImageType", "K_B"),
        ("ImageType", "M_S"),
        ("ImageType", "4711"),
        ("PatientPosition", "ORIGINAL"),
        ("PatientSex", "KB"),
        ("PatientOrientation", "KB"),
        ("ContextIdentifier", "4711923"),
        ("NoSuchAttribute", "YES"),
    ],
)
def test_a_term_of_another_attribute_is_none(keyword: str, value: str) -> None:
    """Nor are initials and numbers that look like one."""
    assert not is_term(keyword, value)
