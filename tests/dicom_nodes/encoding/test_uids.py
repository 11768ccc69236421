"""What UIDs can be, and what those of transfer syntaxes say about an encoding."""

from __future__ import annotations

import pytest
from pydicom.uid import UID, UID_dictionary

from dicom_nodes.encoding.uids import EXPLICIT, Encoding, encoding_of, is_uid, uid_text

SYNTAXES = sorted(uid for uid, (_, kind, *_) in UID_dictionary.items() if kind == "Transfer Syntax")


@pytest.mark.parametrize("uid", SYNTAXES)
def test_every_transfer_syntax_of_the_standard_is_encoded_as_pydicom_says(uid: str) -> None:
    """Implicit or not, little endian or not, deflated or not."""
    known = UID(uid)
    assert encoding_of(uid) == Encoding(known.is_implicit_VR, known.is_little_endian, known.is_deflated)


@pytest.mark.parametrize("uid", ["", "1.2.840.113619.5.2", "1.2.840.10008.1.1", "2.25.1", "no UID"])
def test_what_is_no_transfer_syntax_of_the_standard_is_read_as_most_are(uid: str) -> None:
    """Private and unknown ones, and UIDs of other things: explicit VR little endian."""
    assert encoding_of(uid) is EXPLICIT


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("1.2.840.10008", True),
        ("2.25.0", True),
        ("1.02.3", True),
        ("", False),
        ("1..2", False),
        ("1.2\n", False),
        ("../x", False),
        ("1." + "2" * 63, False),
        ("١.٢", False),
    ],
)
def test_what_can_be_a_uid(text: str, good: bool) -> None:
    """Digits and dots, at most 64 of them, and nothing that means something to a file system."""
    assert is_uid(text) is good


@pytest.mark.parametrize(
    ("value", "text"),
    [(b"1.2.3\0", "1.2.3"), (b"1.2.34", "1.2.34"), (b" 1.2 ", "1.2"), (b"", ""), (b"1.\xff2", "1.\ufffd2")],
)
def test_a_value_loses_its_padding_and_never_fails(value: bytes, text: str) -> None:
    """Zeros, and the blanks that some write; what is no ASCII cannot become a UID."""
    assert uid_text(value) == text
