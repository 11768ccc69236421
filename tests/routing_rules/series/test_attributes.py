"""Single attributes read leniently: the same whether pydicom has looked at them before or not."""

from __future__ import annotations

from io import BytesIO

import pytest
from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

from routing_rules.series.attributes import numbers, tag_of, text, texts

VALUES = {
    "SpecificCharacterSet": "ISO_IR 100",
    "PatientName": "M\u00fcller^Anna",
    "PatientID": "QX 47",
    "OtherPatientNames": ["Doe^Jane", "M\u00fcller^A"],
    "PatientBirthDate": "19710413",
    "ImageType": ["ORIGINAL", "PRIMARY", "M"],
    "EchoTime": "99.5",
    "Rows": 256,
}


def undecoded() -> Dataset:
    """A header as it is read from a file."""
    made = Dataset()
    for keyword, value in VALUES.items():
        setattr(made, keyword, value)
    stream = DicomBytesIO()
    stream.is_implicit_VR, stream.is_little_endian = False, True
    write_dataset(stream, made)
    return read_dataset(BytesIO(stream.getvalue()), False, True)


@pytest.mark.parametrize("keyword", VALUES)
def test_text_is_the_same_decoded_or_not(keyword: str) -> None:
    """A name is one value, several values are several, numbers are as short as they can be."""
    value, tag = VALUES[keyword], tag_of(keyword)
    expected = tuple(map(str, value)) if isinstance(value, list) else (str(value),)
    fresh, decoded = undecoded(), undecoded()
    decoded.decode()
    _ = decoded[tag].value
    assert texts(fresh, tag) == texts(decoded, tag) == expected
    assert text(decoded, tag) == "\\".join(expected)


@pytest.mark.parametrize("said", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_not_read(said: float) -> None:
    """Binary or text, decoded or not: what is not a finite number would stop the study, or be no limit at all."""
    made = Dataset()
    made.add_new(tag_of("DiffusionBValue"), "FD", said)
    made.add_new(tag_of("SliceThickness"), "LO", str(said))  # implicit: read as the DS it should be
    stream = DicomBytesIO()
    stream.is_implicit_VR, stream.is_little_endian = False, True
    write_dataset(stream, made)
    for header in (made, read_dataset(BytesIO(stream.getvalue()), False, True)):
        assert numbers(header, tag_of("DiffusionBValue")) == numbers(header, tag_of("SliceThickness")) == ()
