"""One object put together from byte ranges is the object that `deidentify` writes, with its pixels uncopied."""

from __future__ import annotations

from io import BytesIO

import pytest
from pydicom.dataset import Dataset

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.errors import Held
from gateway.privacy.fast.assembler import Assembler
from gateway.privacy.profile.profile import load_profile
from support.objects.hostile_mr import context, hostile_mr
from support.objects.quiet_pydicom import pydicom_is_quiet

PROFILE = load_profile()
__all__ = ["pydicom_is_quiet"]


def _file(ds: Dataset) -> bytes:
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _plain() -> Dataset:
    """An MR image of the hostile patient without what only the slow engine takes."""
    ds = hostile_mr()
    for element in [element for element in ds if element.tag.group in (0x6000, 0x5000)]:
        del ds[element.tag]
    return ds


def test_the_pieces_are_the_file_that_deidentify_writes() -> None:
    """Byte for byte; what was done is told with it."""
    original = _plain()
    expected = deidentify(original, context(), PROFILE, "t2")
    made = Assembler(PROFILE, context()).assemble(_file(original), lambda _: "t2", released=False)
    assert b"".join(made.pieces) == encode(expected.dataset)
    assert made.sop_instance_uid == expected.dataset.SOPInstanceUID
    assert made.study_instance_uid == expected.dataset.StudyInstanceUID


def test_the_pixels_are_the_bytes_that_came() -> None:
    """The longest piece is a view of the original, not a copy of it."""
    original = _plain()
    data = _file(original)
    made = Assembler(PROFILE, context()).assemble(data, lambda _: None, released=False)
    views = [piece for piece in made.pieces if isinstance(piece, memoryview)]
    assert any(piece.obj is data and bytes(piece) == original.PixelData for piece in views)


def test_what_may_not_leave_is_held_with_the_same_reason() -> None:
    """As `deidentify` holds it."""
    original = _plain()
    original.BurnedInAnnotation = "YES"
    with pytest.raises(Held) as slow:
        deidentify(original, context(), PROFILE, None)
    with pytest.raises(Held) as fast:
        Assembler(PROFILE, context()).assemble(_file(original), lambda _: None, released=False)
    assert (fast.value.problem, fast.value.reason) == (slow.value.problem, slow.value.reason)


def test_the_second_object_of_a_series_does_not_get_the_first_one_s_values() -> None:
    """What both have is read once; what only one has is its own."""
    assembler = Assembler(PROFILE, context())
    for number in (1, 2):
        original = _plain()
        original.InstanceNumber = number
        original.SOPInstanceUID = f"1.2.345678.{number}"
        original.file_meta.MediaStorageSOPInstanceUID = original.SOPInstanceUID
        made = assembler.assemble(_file(original), lambda _: "t2", released=False)
        assert b"".join(made.pieces) == encode(deidentify(original, context(), PROFILE, "t2").dataset)
