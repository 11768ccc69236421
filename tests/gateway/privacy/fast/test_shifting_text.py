"""Text with escape sequences (ISO 2022) in headers that repeat: digits may be parted in it, so every object asks."""

from __future__ import annotations

from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.fast.identifying_values import divided
from gateway.privacy.fast.preparer import Preparer
from gateway.privacy.fast.repeated_elements import Repeats, Stretch
from gateway.privacy.profile.profile import load_profile
from support.objects.hostile_mr import context, hostile_mr
from support.objects.quiet_pydicom import pydicom_is_quiet

__all__ = ["pydicom_is_quiet"]

PULSE_SEQUENCE = 0x00189005
# What a site keeps word for word: the one kind of text that can hold such digits.
PROFILE = load_profile(
    layered="name: ours\nextends: pml-read\nversion: '1'\nkeep_text: [PulseSequenceName]\n"
    "also_allowed: [PulseSequenceName]\n"
)
UIDS = [f"1.2.345678.{number}" for number in (1, 3, 4, 2, 5, 2, 1)]
IN_TEXT = "1.2.345678.2"
HOLE = "~~~"
ESCAPE = b"\x1b(B"  # to ASCII, where the text is already: nothing is seen of it once it is decoded


def file_with(uid: str, text: str, date: str = "20010203") -> bytes:
    """An object whose PulseSequenceName holds `text`, its holes filled with escape sequences."""
    ds = hostile_mr(depth=0)
    for element in list(ds.group_dataset(0x6000)):
        del ds[element.tag]
    ds.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    ds.SOPInstanceUID, ds.StudyDate, ds.PulseSequenceName = uid, date, text
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out = BytesIO()
    dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue().replace(HOLE.encode(), ESCAPE)


def written_by_engine(data: bytes) -> Dataset:
    """What `deidentify` makes of it."""
    return deidentify(dcmread(BytesIO(data)), context(), PROFILE, "t2").dataset


def repeating_with(data: bytes, repeats: Repeats) -> list[Stretch]:
    """The stretches that repeat and have PulseSequenceName in them."""
    return [
        stretch
        for stretch in divided(data, repeats).stretches
        if stretch.repeats and any(element.tag == PULSE_SEQUENCE for element in stretch.found)
    ]


@pytest.mark.parametrize("parted", ["1.2.345" + HOLE + "678.2", "1" + HOLE + ".2.3456" + HOLE + "78.2"])
def test_a_uid_parted_by_escapes_is_found_in_the_object_whose_uid_it_is(parted: str) -> None:
    """The text repeats byte for byte; it says nothing in one object, and who it is in another."""
    preparer, repeats = Preparer(PROFILE, context(), ()), Repeats()
    kept = []
    for number, uid in enumerate(UIDS):
        data = file_with(uid, f"v {parted}")
        assert bool(repeating_with(data, repeats)) == (number >= 2)
        wanted = written_by_engine(data)
        kept.append(wanted.get("PulseSequenceName") == f"v {IN_TEXT}")
        assert preparer.prepare(data, lambda _: "t2").file == encode(wanted)
    assert preparer.whole == 0
    assert kept == [uid != IN_TEXT for uid in UIDS]


def test_a_date_parted_by_an_escape_is_found_in_the_object_whose_date_it_is() -> None:
    """As with UIDs: what the objects of a study do not share is asked of each of them."""
    preparer, repeats = Preparer(PROFILE, context(), ()), Repeats()
    dates = ["20010203", "20010204", "20010205", "20190307", "20010203"]
    kept = []
    for number, date in enumerate(dates):
        data = file_with(f"1.2.345678.{number + 1}", f"r 2019{HOLE}0307", date)
        assert bool(repeating_with(data, repeats)) == (number >= 2)
        wanted = written_by_engine(data)
        kept.append(bool(wanted.get("PulseSequenceName")))
        assert preparer.prepare(data, lambda _: "t2").file == encode(wanted)
    assert preparer.whole == 0
    assert kept == [True, True, True, False, True]
