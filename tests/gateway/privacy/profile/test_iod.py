"""Which attributes an IOD defines, where and of what Type; what MR objects may borrow from each other."""

from __future__ import annotations

import pytest
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.uid import (
    EnhancedMRImageStorage,
    LegacyConvertedEnhancedMRImageStorage,
    MRImageStorage,
    SecondaryCaptureImageStorage,
)

from gateway.privacy.profile.iod import CLASSIC_MR, LEGACY_CONVERTED, attributes_of, known_sop_classes
from support.judges.privacy_tables import iod_tree

NUMBERS_AND_CODES = {"CS", "DS", "IS", "FD", "FL", "US", "SS", "UL", "SL", "US or SS"}


def tag_of(keyword: str) -> int:
    """The tag of a keyword of PS3.6."""
    tag = tag_for_keyword(keyword)
    assert tag is not None
    return tag


def test_the_classes_are_those_of_the_standard() -> None:
    """MR and the images a person may release; a report or a presentation state is not among them."""
    assert {CLASSIC_MR, LEGACY_CONVERTED} == {MRImageStorage, LegacyConvertedEnhancedMRImageStorage}
    assert {MRImageStorage, EnhancedMRImageStorage, SecondaryCaptureImageStorage} <= known_sop_classes()
    assert not [
        uid
        for uid in known_sop_classes()
        if uid.startswith(("1.2.840.10008.5.1.4.1.1.88", "1.2.840.10008.5.1.4.1.1.11"))
    ]


def test_an_unknown_class_has_no_attributes() -> None:
    """Nothing is guessed about a class that is not known."""
    with pytest.raises(KeyError):
        attributes_of("1.2.840.10008.5.1.4.1.1.88.11")


@pytest.mark.parametrize(
    ("keyword", "type_"),
    [
        ("SOPInstanceUID", "1"),
        ("PatientName", "2"),
        ("Rows", "1"),
        ("StudyDescription", "3"),
        ("EchoTime", "2"),
    ],
)
def test_a_classic_image_has_the_types_of_ps3_3(keyword: str, type_: str) -> None:
    """PS3.3 A.4.3: the strictest Type of all its modules."""
    assert attributes_of(MRImageStorage)[tag_of(keyword)].type == type_


@pytest.mark.parametrize("sop_class", sorted(known_sop_classes()))
def test_what_is_borrowed_is_nothing_a_person_types(sop_class: str) -> None:
    """Beyond the tables of PS3.3 only numbers and coded strings may stand at the top, and they are optional."""
    own = {int(tag, 16) for tag in iod_tree(sop_class)}
    borrowed = {tag: place for tag, place in attributes_of(sop_class).items() if tag not in own}
    assert tag_of("RescaleSlope") in own | set(borrowed)
    assert {place.type for place in borrowed.values()} == {"3"}
    assert not {dictionary_VR(tag) for tag in borrowed} - NUMBERS_AND_CODES


def test_text_is_not_borrowed() -> None:
    """A text of the classic MR image is no attribute of a secondary capture."""
    assert tag_of("SequenceName") in attributes_of(MRImageStorage)
    assert tag_of("SequenceName") not in attributes_of(SecondaryCaptureImageStorage)


def test_a_site_may_let_in_more_without_changing_what_is_defined() -> None:
    """Attributes of `also` are optional, those of the IOD keep their Type, and other callers do not see them."""
    more, rows = 0x00189073, tag_of("Rows")
    stranger = tag_of("ContentLabel")
    places = attributes_of(MRImageStorage, also=frozenset({more, rows, stranger}))
    assert (places[rows].type, places[stranger].type) == ("1", "3")
    assert stranger not in attributes_of(MRImageStorage)


def test_a_legacy_converted_image_holds_what_the_classic_headers_had() -> None:
    """PS3.3 C.7.6.16.2.25: the unassigned sequences, all of it optional there."""
    classic = attributes_of(MRImageStorage)
    for group in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        groups = attributes_of(LegacyConvertedEnhancedMRImageStorage)[tag_of(group)]
        for unassigned in (
            "UnassignedSharedConvertedAttributesSequence",
            "UnassignedPerFrameConvertedAttributesSequence",
        ):
            inside = groups.children[tag_of(unassigned)].children
            assert inside.keys() == classic.keys()
            assert {place.type for place in inside.values()} == {"3"}
