"""An answer key of the whole Table E.1-1: every row, at the top and in items, does what its code says."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import MRImageStorage

from gateway.privacy import deidentify, encode, load_profile
from gateway.privacy.iod import attributes_of
from gateway.privacy.profile import table
from support.hostile_mr import KEY, context, hostile_mr
from support.privacy_tables import encoded

PROFILE = load_profile()
MARK = "Xylokrat77"
DAY, MOMENT = "20210306", "20210306112233"
# A sequence every MR object may have, whose items are cleaned and kept (X/Z/U*).
PARENT = "ReferencedImageSequence"
# Rules of the profile that deviate from the table: tested by name elsewhere.
RULED = set(PROFILE.rules)


def _vr(tag: int) -> str:
    try:
        return dictionary_VR(tag).split(" or ")[0]
    except KeyError:
        return "LO"


def _marked_value(vr: str) -> Any:
    texts = dict.fromkeys(("AE", "LO", "LT", "PN", "SH", "ST", "UC", "UT"), MARK)
    binary = dict.fromkeys(("OB", "OW", "UN"), MARK.encode())
    return {
        **texts,
        **binary,
        "CS": MARK.upper(),
        "UI": "1.3.999.77.42",
        "DA": DAY,
        "DT": MOMENT,
        "TM": "112233",
        "DS": "77.25",
        "IS": "7725",
        "AS": "077Y",
        "US": 7725,
        "UR": f"urn:{MARK}",
    }[vr]


def _element(tag: int) -> DataElement:
    vr = _vr(tag)
    if vr == "SQ":
        item = Dataset()
        item.add_new(0x00104000, "LT", MARK)
        item.add_new(0x00080016, "UI", MRImageStorage)
        return DataElement(tag, "SQ", Sequence([item]))
    return DataElement(tag, vr, _marked_value(vr))


# Command and file meta elements have no place in a dataset and always go.
ROWS = [
    r
    for r in table()
    if len(r.tag) == 8
    and "X" not in r.tag
    and int(r.tag, 16) not in RULED
    and r.tag[:4] not in ("0000", "0002")
]
# These decide about the whole object or are rewritten for it.
WHOLE = {
    tag_for_keyword(k)
    for k in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "ContrastBolusAgent", PARENT)
}


def _everything(level: int) -> Dataset:
    """An MR object with one element of every row at `level` items deep."""
    ds = hostile_mr(depth=0)
    for keyword in ("PatientBirthDate", "SeriesDescription"):
        del ds[keyword]
    target = ds
    for number in range(level):
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = MRImageStorage, f"1.3.999.1.{number}"
        target[PARENT] = DataElement(tag_for_keyword(PARENT) or 0, "SQ", Sequence([item]))
        target = item
    for row in ROWS:
        if int(row.tag, 16) not in WHOLE:
            target.add(_element(int(row.tag, 16)))
    return ds


def _kept_at(ds: Dataset, level: int) -> Dataset:
    for _ in range(level):
        ds = ds[PARENT].value[0]
    return ds


def _compound(code: str, type_: str | None) -> str:
    """The answer key's own reading of compound codes, independent of the engine's table."""
    if "/" not in code:
        return code
    if "U" in code:
        return "U"
    wanted = {"1": "D", "2": "Z", "3": "X", None: "D"}[type_[0] if type_ else None]
    order = [c for c in ("X", "Z", "D") if c in code.split("/")]  # from the harshest to the mildest
    if wanted in order:
        return wanted
    return order[-1] if wanted == "D" or type_ is None or type_[0] != "3" else order[0]


@pytest.mark.parametrize("level", [0, 1, 2, 4])
def test_every_row_of_the_table_is_applied_at_every_depth(level: int) -> None:
    """Removed, emptied, replaced, shifted or mapped as the code says, at the top and inside items alike."""
    out = deidentify(_everything(level), context(), PROFILE).dataset
    kept = _kept_at(out, level)
    places = attributes_of(MRImageStorage, also=PROFILE.also_allowed)
    for _ in range(level):
        place = places.get(tag_for_keyword(PARENT) or 0)
        places = place.children if place else {}
    wrong = []
    for row in ROWS:
        tag = int(row.tag, 16)
        if tag in WHOLE:
            continue
        place = places.get(tag)
        element = kept.get(tag)
        verdict = _judge(row.basic, row.options, _vr(tag), place.type if place else None, element)
        if not verdict:
            wrong.append((row.name, row.basic, dict(row.options), element is not None))
    assert wrong == []


def _judge(basic: str, options: Any, vr: str, type_: str | None, element: DataElement | None) -> bool:
    shifted = "retain_modified_dates" in options and vr in ("DA", "DT", "TM")
    if shifted:
        if element is None:
            return False
        value = str(element.value)
        return (
            value == "112233"
            if vr == "TM"
            else not value.startswith(DAY) and value[8:] == (MOMENT if vr == "DT" else DAY)[8:]
        )
    code = _compound(basic, type_)
    if code == "X":
        return element is None
    if code == "Z":
        return element is not None and element.is_empty
    if element is None:
        return code in "DU" and vr == "SQ"  # a sequence of which nothing may stay
    if code == "U":
        return vr == "SQ" or str(element.value) == KEY.uid("1.3.999.77.42")
    return vr == "SQ" or (not element.is_empty and element.value != _marked_value(vr))


@pytest.mark.parametrize("level", [0, 1, 3])
def test_no_marked_value_of_any_row_is_in_the_encoded_file(level: int) -> None:
    """The bytes hold none of the marked texts, the marked UID or the marked dates."""
    data = encode(deidentify(_everything(level), context(), PROFILE).dataset)
    for mark in (MARK, MARK.upper(), "1.3.999.77.42", DAY):
        assert mark.encode() not in data


def test_the_shipped_table_is_complete_and_names_its_edition() -> None:
    """621 rows of 2024b plus 34 later ones, each once, with the acknowledgement."""
    content = json.loads((files("gateway.privacy") / "profile_table.json").read_text())
    assert len(content["rows"]) == len({row["tag"] for row in content["rows"]}) == 621 + 34
    assert sum(row["edition"] == "2024b" for row in content["rows"]) == 621
    assert "2024b" in content["edition"]
    assert "NEMA" in content["acknowledgement"]


def test_the_shipped_iod_types_are_those_of_the_source() -> None:
    """A fresh build from the module tables gives the shipped file."""
    assert (files("gateway.privacy") / "iod_types.json").read_text() == encoded()


def test_repeating_groups_group_lengths_and_unknown_tags_go() -> None:
    """Curves, overlays in every repetition, group lengths and tags nobody knows are removed."""
    ds = hostile_mr(depth=0)
    ds.add_new(0x60020010, "US", 4)
    ds.add_new(0x601E3000, "OW", b"Xylokrat")
    ds.add_new(0x501E0110, "LO", MARK)
    ds.add_new(0x00100000, "UL", 4)
    ds.add_new(0x00104444, "LO", MARK)
    out = deidentify(ds, context(), PROFILE).dataset
    assert not [
        e for e in out if e.tag.group >> 8 in (0x50, 0x60) or e.tag.element == 0 or e.tag == 0x00104444
    ]
