"""A word that no attribute of a person declares, wherever an IOD has a place for it: it is in no byte of the copy."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.profile.iod import CLASSIC_MR
from gateway.privacy.profile.profile import load_profile
from support.judges import privacy_key
from support.objects.hostile_mr import context, hostile_mr

PROFILE = load_profile()
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


def test_every_answer_of_the_key_is_right() -> None:
    """Each action, each of thousands of places of the IODs, each spelling that leaked once: the table of the manual."""
    found = list(privacy_key.lines())
    assert [line for line in found if line.missed] == []
    assert all(line.checks for line in found)
    assert sum(line.checks for line in found if "undeclared" in line.what) > 10_000


def test_the_key_sees_an_engine_that_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The original in place of its copy misses whatever has to change."""
    undone = lambda ds, *_: SimpleNamespace(dataset=ds)  # noqa: E731 - it does nothing
    monkeypatch.setattr(privacy_key, "deidentify", undone)
    privacy_key.midi.cache_clear()
    try:
        missed = {line.what: len(line.missed) for line in privacy_key.lines()}
    finally:
        privacy_key.midi.cache_clear()
    assert missed["`text_removed` (MIDI-B)"] > 1000
    assert missed["an undeclared word in every place of MR Image"] > 2000
    assert missed["identity in pieces, short numbers, initials"] == len(privacy_key.SPELLINGS)
    assert missed["identity in the values of numbers"] == len(privacy_key.NUMBERS)
    assert missed["text in a JPEG that no decoder reads"] == len(privacy_key.BESIDE_PIXELS)


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
