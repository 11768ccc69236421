"""The table of value representations says what pydicom's tables say, and what pydicom writes."""

from __future__ import annotations

import pytest
from pydicom import valuerep
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from dicom_nodes.encoding.vrs import BULK_VRS, FORMS, LONG_FORM, NUMBER_VRS, SHORT_FORM, STRING_VRS, TEXT_VRS


def _names(vrs: object) -> set[str]:
    return {str(vr) for vr in vrs if " " not in str(vr)}  # type: ignore[attr-defined]


def test_every_vr_is_in_the_table_once() -> None:
    """All that pydicom knows, in the long form or in the short one."""
    assert set(FORMS) == _names(valuerep.VR)
    assert set(LONG_FORM.values()) == _names(valuerep.EXPLICIT_VR_LENGTH_32)
    assert set(SHORT_FORM.values()) == _names(valuerep.EXPLICIT_VR_LENGTH_16)
    assert not SHORT_FORM.keys() & LONG_FORM.keys()


def test_kinds_are_those_of_the_standard() -> None:
    """Text is what a character set applies to; numbers and bulk are binary; the rest is strings."""
    assert set(TEXT_VRS) == _names(valuerep.CUSTOMIZABLE_CHARSET_VR)
    assert _names(valuerep.STR_VR) == STRING_VRS | TEXT_VRS
    assert set(BULK_VRS) == {"OB", "OD", "OF", "OL", "OV", "OW"}
    assert set(NUMBER_VRS) == _names(valuerep.FLOAT_VR | valuerep.INT_VR | {valuerep.VR.AT}) - {"DS", "IS"}


@pytest.mark.parametrize("vr", sorted(STRING_VRS | TEXT_VRS))
def test_a_value_is_padded_as_pydicom_pads_it(vr: str) -> None:
    """An odd value of each VR of characters."""
    odd = {"AS": "018", "DA": "2024022", "DS": "1.5", "IS": "123", "TM": "101", "DT": "20240", "UI": "1.2"}
    ds = Dataset()
    ds.add(DataElement(0x00091001, vr, odd.get(vr, "ABC"), validation_mode=0))
    stream = DicomBytesIO()
    stream.is_implicit_VR, stream.is_little_endian = False, True
    write_dataset(stream, ds)
    assert stream.getvalue()[-1:] == FORMS[vr].padding
