"""An object goes back in the sender's own character set when that can write it, and in UTF-8 otherwise."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from gateway.privacy.reidentify.character_sets import write_in

letters = st.text(st.sampled_from("abzAZäöüßéñłżжяΩλ山田太郎ยך"), min_size=1, max_size=10)
charsets = st.sampled_from(["ISO_IR 100", "ISO_IR 101", "ISO_IR 144", "ISO_IR 126", "ISO_IR 192", None])


def named(name: str, inside: str = "plain", own: Any = "ISO_IR 101") -> Dataset:
    """A data set with a name at the top and a text in an item that has a character set of its own."""
    item = Dataset()
    item.SpecificCharacterSet, item.ScheduledProcedureStepDescription = own, inside
    ds = Dataset()
    ds.SpecificCharacterSet, ds.PatientName = own, name
    ds.RequestAttributesSequence = Sequence([item])
    return ds


@given(letters, letters, charsets)
@settings(derandomize=True, max_examples=150)
def test_every_text_can_be_read_back(name: str, inside: str, charset: str | None) -> None:
    """Whatever the set of the sender, top and items survive writing and reading."""
    ds = named(name, inside)
    write_in(ds, charset)
    buffer = BytesIO()
    dcmwrite(buffer, ds, implicit_vr=False, little_endian=True)
    back = dcmread(BytesIO(buffer.getvalue()), force=True)
    assert str(back.PatientName) == name
    assert back.RequestAttributesSequence[0].ScheduledProcedureStepDescription == inside


@pytest.mark.parametrize(
    ("name", "charset"), [("Müller", "ISO_IR 100"), ("Жук", "ISO_IR 144"), ("Probe", "ISO_IR 100")]
)
def test_the_senders_set_stays_when_it_can_write_the_name(name: str, charset: str) -> None:
    """The archive gets the identity in the spelling that it knows."""
    ds = named(name)
    write_in(ds, charset)
    assert ds.SpecificCharacterSet == charset


@pytest.mark.parametrize(("name", "inside"), [("Жук", "plain"), ("Probe", "Жук")])
def test_one_text_that_does_not_fit_makes_it_utf_8(name: str, inside: str) -> None:
    """The text may stand at the top or in an item."""
    ds = named(name, inside)
    write_in(ds, "ISO_IR 100")
    assert ds.SpecificCharacterSet == "ISO_IR 192"


def test_items_follow_the_object() -> None:
    """No item keeps a character set that its texts are no longer written in."""
    ds = named("Müller")
    write_in(ds, "ISO_IR 100")
    assert "SpecificCharacterSet" not in ds.RequestAttributesSequence[0]


def test_plain_ascii_needs_no_character_set() -> None:
    """A sender without a character set gets an object without one, as long as it is ASCII."""
    ds, accented = named("Probe"), named("Müller")
    write_in(ds, None)
    write_in(accented, None)
    assert "SpecificCharacterSet" not in ds
    assert accented.SpecificCharacterSet == "ISO_IR 192"


def test_with_code_extensions_each_group_may_have_its_own_set() -> None:
    """ISO 2022: the parts between delimiters are written each in one of the sets (PS3.5 6.1.2.5.3)."""
    sets = ["", "ISO 2022 IR 87"]
    ds = named("Yamada^Tarou=山田^太郎")
    write_in(ds, sets)
    assert list(ds.SpecificCharacterSet) == sets
