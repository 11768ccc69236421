"""A word that no attribute of a person declares, wherever an IOD has a place for it: it is in no byte of the copy."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.profile.iod import CLASSIC_MR, attributes_of
from gateway.privacy.profile.profile import load_profile
from support.objects.every_place import filled
from support.objects.hostile_mr import context, hostile_mr

PROFILE = load_profile()
WORD = "Zielinskowa"
NEEDED = {0x00080005, 0x00080008, 0x00080016, 0x00080018, 0x00280301, 0x00100010, 0x00100020}
pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning"
)  # pydicom about values that are wrong on purpose


def original(sop_class: str) -> Dataset:
    """A small object of the class that says nobody's name."""
    ds = hostile_mr(depth=0)
    for element in list(ds.group_dataset(0x6000)):
        del ds[element.tag]
    ds.SOPClassUID = sop_class
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


@pytest.mark.parametrize("sop_class", PROFILE.sop_classes, ids=list(PROFILE.sop_classes.values()))
def test_an_undeclared_word_leaves_from_no_place(sop_class: str) -> None:
    """Every text, coded string and binary value of the IOD, four levels deep."""
    ds = original(sop_class)
    places = attributes_of(sop_class, also=PROFILE.also_allowed)
    paths = list(filled(ds, places, WORD, NEEDED))
    copy = encode(deidentify(ds, context(), PROFILE, "flair").dataset).lower()
    assert len(paths) > 300
    assert WORD.lower()[:10].encode() not in copy


@given(
    st.from_regex(r"[QXZ][bcdfghjklmnpqrstvwxz]{6,9}", fullmatch=True),
    st.sampled_from(
        [
            "SeriesDescription",
            "ProtocolName",
            "ImageType",
            "SoftwareVersions",
            "ManufacturerModelName",
            "ScanOptions",
        ]
    ),
)
@settings(derandomize=True, max_examples=30, deadline=None)
def test_a_word_more_in_a_text_changes_no_byte(word: str, keyword: str) -> None:
    """The copy is that of the object without the word, but where a value of a coded string keeps its place."""
    plain, told = original(CLASSIC_MR), original(CLASSIC_MR)
    if keyword in ("ImageType", "ScanOptions"):
        plain[keyword].value if keyword in plain else setattr(plain, keyword, ["FS"])
        values = (
            [str(value) for value in plain[keyword].value]
            if plain[keyword].VM > 1
            else [plain[keyword].value]
        )
        setattr(plain, keyword, [*values, "REMOVED"])
        setattr(told, keyword, [*values, word.upper()])
    elif keyword in ("SoftwareVersions", "ManufacturerModelName"):
        setattr(plain, keyword, "syngo MR")
        setattr(told, keyword, f"{word} syngo MR")
    else:
        setattr(plain, keyword, "t2 tra")
        setattr(told, keyword, f"t2 {word} tra")
    copies = [encode(deidentify(ds, context(), PROFILE, "flair").dataset) for ds in (plain, told)]
    assert copies[0] == copies[1]
