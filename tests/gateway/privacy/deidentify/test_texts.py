"""What may stay of a text, by the identifying values of its own object."""

from __future__ import annotations

import pytest
from pydicom.dataelem import DataElement
from pydicom.tag import Tag

from gateway.privacy.deidentify.texts import TextCleaner, known_texts
from gateway.privacy.identifiers.values import IdentifyingValue, ValueKind
from gateway.privacy.words.radiology import clean_text

DESCRIPTION = Tag(0x0008103E)
AGENT = Tag(0x00180010)
NUMBER = IdentifyingValue("PatientID", "4711923", ValueKind.NUMBER)
BIRTH = IdentifyingValue("PatientBirthDate", "19631010", ValueKind.DATE)
SE = IdentifyingValue("PatientName", "se", ValueKind.INITIALS)
SHORT = IdentifyingValue("PatientID", "P07", ValueKind.SHORT)


@pytest.mark.parametrize(
    ("tag", "vr", "text", "identifying", "stays"),
    [
        (DESCRIPTION, "LO", "t2 tse sag", [NUMBER], "t2 tse sag"),
        (DESCRIPTION, "LO", "4711923", [NUMBER], "flair"),
        (DESCRIPTION, "LO", "t2 tse sag", [SHORT], "flair"),
        (DESCRIPTION, "LO", "T1 10 10 63", [BIRTH], "T1"),
        (DESCRIPTION, "LO", "T1 63 10 10 sag", [BIRTH], "T1 sag"),
        (DESCRIPTION, "LO", "t2 10mm 10mm 63 tra", [BIRTH], "t2 tra"),
        (DESCRIPTION, "LO", "t2 47 11 923 tra 3mm", [NUMBER], "t2 tra"),
        (DESCRIPTION, "LO", "t2 47 12 tra 3mm", [NUMBER], clean_text("t2 47 12 tra 3mm")),
        (DESCRIPTION, "LO", "t2 SE 4 sag", [SE], "t2 SE 4 sag"),
        (DESCRIPTION, "LO", "MR SE sag", [SE], "MR SE sag"),
        (DESCRIPTION, "LO", "t2 pat SE sag", [SE], "flair"),
        (DESCRIPTION, "LO", "DWI b1000 3mm 1963-10-10", [BIRTH], "DWI b1000 3mm"),
        (DESCRIPTION, "LO", "t2 10 / 10 / 63 tra", [BIRTH], "t2 tra"),
        (DESCRIPTION, "LO", "t2 10 # 10 # 63 tra", [BIRTH], "t2 tra"),
        (DESCRIPTION, "LO", "t2 S. E. sag", [SE], "t2 sag"),
        (AGENT, "LO", "Gadovist", [SHORT], "CONTRAST"),
        (AGENT, "LO", "", [SHORT], ""),
        (Tag(0x00081030), "LO", "brain", [SHORT], ""),
    ],
)
def test_a_text_stays_as_far_as_it_identifies_nobody(
    tag: Tag, vr: str, text: str, identifying: list[IdentifyingValue], stays: str
) -> None:
    """With a short identifier no free text stays: only the kind of the series, and that contrast was given."""
    assert TextCleaner(identifying, "flair").cleaned(DataElement(tag, vr, text)) == stays


@pytest.mark.parametrize(
    ("vr", "value", "identifies"),
    [
        ("DS", "4711923", True),
        ("DS", "1.5", False),
        ("LO", "no. 4711923", True),
        ("US", 1, False),
        ("UL", 4711923, True),
    ],
)
def test_a_value_identifies_whatever_its_vr_says_of_it(vr: str, value: object, identifies: bool) -> None:
    """Decimal strings, texts and binary numbers say the same number."""
    assert TextCleaner([NUMBER], None).identify(DataElement(Tag(0x00189999), vr, value)) is identifies


def test_a_nucleus_is_kept_and_a_name_in_its_place_is_not() -> None:
    """Attributes that stay word for word keep only what they can mean."""
    assert known_texts(DataElement(Tag(0x00180085), "SH", "1H")) == ["1H"]
    assert known_texts(DataElement(Tag(0x00180085), "SH", "DOE")) == []
