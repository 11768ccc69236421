"""What pydicom reads of a header, compared with what was read of it in another way."""

from __future__ import annotations

from io import BytesIO

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset


def assert_is_what_pydicom_reads(header: Dataset, data: bytes) -> None:
    """The same elements, undecoded where pydicom leaves them so, and decoded the same."""
    expected = dcmread(BytesIO(data), stop_before_pixels=True)
    assert list(header.keys()) == list(expected.keys())
    assert header.original_encoding == expected.original_encoding
    assert header.original_character_set == expected.original_character_set
    decoded = []
    for tag in list(expected.keys()):
        theirs, ours = expected.get_item(tag), header.get_item(tag)
        if isinstance(theirs, RawDataElement):
            assert isinstance(ours, RawDataElement)
            kept = ("tag", "VR", "length", "value", "is_implicit_VR", "is_little_endian")
            assert [getattr(ours, name) for name in kept] == [getattr(theirs, name) for name in kept]
        else:  # a sequence without a length, which pydicom reads at once, or the character set
            decoded.append(tag)
    for tag in decoded:  # afterwards: to decode one element may decode others
        assert header[tag] == expected[tag], tag
