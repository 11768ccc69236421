"""What is written over, and what names the encoder only."""

from __future__ import annotations

import pytest

from dicom_nodes.encoding.codestreams.edits import Edit, applied, is_encoder, over


def test_what_stays_is_not_copied() -> None:
    """Edits replace their bytes, shorter ones too; the rest are views of the data."""
    pieces = applied(b"0123456789", 1, 9, [Edit(2, 4, b"ab"), Edit(6, 8, b"")])
    assert b"".join(pieces) == b"1ab458"
    assert isinstance(pieces[0], memoryview)


def test_bytes_that_are_right_already_are_no_edit() -> None:
    """So that pixel data with nothing beside them stay the same object."""
    assert list(over(b"ab\0\0", 2, 4, b"\0\0")) == []
    assert list(over(b"abcd", 2, 4, b"\0\0")) == [Edit(2, 4, b"\0\0")]


@pytest.mark.parametrize(
    ("comment", "known"),
    [
        (b"Kakadu-v7.10.2", True),
        (b"Created by OpenJPEG version 2.5.0", True),
        (b"Created by OpenJPEG version 2.5.0 Probe", False),
        (b"Kdu-Layer-Info: Probe", False),
        (b"Kakadu-v4711923", False),
        (b"Kakadu-v19.63.04.17", False),
        (b"Kakadu-v17.04.63", False),
        (b"Creator: JasPer Version 1.900.1", True),
        (b"Lavc58.134.100", True),
        (b"Lavc47.11.923", False),
        (b"Kakadu-v1\nProbe", False),
    ],
)
def test_a_known_beginning_is_no_known_comment(comment: bytes, known: bool) -> None:
    """Word for word, with a version number and not a patient's."""
    assert is_encoder(comment) is known
