"""An answer key of the whole Table E.1-1: every row, at the top and in items, does what its code says."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import pytest
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import MRImageStorage

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.profile.profile import Action, Profile, load_profile, table
from gateway.privacy.words.dates_and_dummies import shift_date
from support.judges.privacy_tables import IODS, encoded, iod_tree
from support.objects.hostile_mr import context, hostile_mr

PROFILE = load_profile()
MARK = "Xylokrat77"
DAY, MOMENT = "20210306", "20210306112233"
MOVED = shift_date(DAY, context().date_shift_days)
# A sequence every MR object may have, whose items are cleaned and kept (X/Z/U*).
PARENT = "ReferencedImageSequence"


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
ROWS = [r for r in table() if len(r.tag) == 8 and "X" not in r.tag and r.tag[:4] not in ("0000", "0002")]
# These decide about the whole object or are rewritten for it.
WHOLE = {
    tag_for_keyword(k)
    for k in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "ContrastBolusAgent", PARENT)
}
# Written at the top of every copy, after the table has been applied.
WRITTEN_AT_THE_TOP = {tag_for_keyword("PatientName"), tag_for_keyword("PatientID")}
OPTION_SETS = {
    "basic": (),
    "descriptors": ("clean_descriptors",),
    "dates": ("retain_modified_dates",),
    "all": ("clean_descriptors", "retain_modified_dates", "retain_safe_private"),
}


def _pure(options: tuple[str, ...]) -> Profile:
    """The table with these options and none of the exceptions of pml-read."""
    return replace(PROFILE, rules=MappingProxyType({}), options=options)


def _everything(level: int, sop_class: str = MRImageStorage) -> Dataset:
    """An object with one element of every row at `level` items deep."""
    ds = hostile_mr(depth=0)
    ds.SOPClassUID = sop_class
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
    """The answer key's own reading of compound codes, independent of the table in the code."""
    if "/" not in code:
        return code
    if "U" in code:
        return "U"
    wanted = {"1": "D", "2": "Z", "3": "X", None: "D"}[type_[0] if type_ else None]
    order = [c for c in ("X", "Z", "D") if c in code.split("/")]  # from the harshest to the mildest
    if wanted in order:
        return wanted
    return order[-1] if wanted == "D" or type_ is None or type_[0] != "3" else order[0]


CASES = [
    *((sop_class, level, "all") for sop_class in IODS for level in (0, 1)),
    *((MRImageStorage, level, options) for options in OPTION_SETS for level in (0, 1, 2, 4)),
]


@pytest.mark.parametrize(("sop_class", "level", "options"), CASES)
def test_every_row_of_the_table_is_applied_at_every_depth(sop_class: str, level: int, options: str) -> None:
    """Removed, emptied, replaced, shifted or mapped as the code says, at the top and inside items alike, with and
    without options, by the Type the attribute has in the IOD of the object (of the source tables, not ours)."""
    chosen = OPTION_SETS[options]
    out = deidentify(_everything(level, sop_class), context(), _pure(chosen), released=True).dataset
    kept = _kept_at(out, level)
    places = iod_tree(sop_class)
    for _ in range(level):
        places = places.get(f"{tag_for_keyword(PARENT):08X}", ("", {}))[1]
    wrong = []
    for row in ROWS:
        tag = int(row.tag, 16)
        if tag in WHOLE or (level == 0 and tag in WRITTEN_AT_THE_TOP):
            continue
        applied = [option for option in chosen if option in row.options]
        place = places.get(row.tag)
        if not _judge(row.basic, applied, _vr(tag), place[0] if place else None, kept.get(tag)):
            wrong.append((row.name, row.basic, applied, place and place[0], kept.get(tag)))
    assert wrong == []


def _judge(basic: str, options: list[str], vr: str, type_: str | None, element: DataElement | None) -> bool:
    shifted = "retain_modified_dates" in options and vr in ("DA", "DT", "TM")
    if shifted:
        if element is None:
            return False
        value = str(element.value)
        return (
            value == "112233"
            if vr == "TM"
            else value[:8] == MOVED and value[8:] == (MOMENT if vr == "DT" else DAY)[8:]
        )
    code = _compound(basic, type_)
    if code == "X":
        return element is None
    if code == "Z":
        return element is not None and element.is_empty
    if element is None:
        return code in "DU" and vr == "SQ"  # a sequence of which nothing may stay
    if code == "U":
        return vr == "SQ" or str(element.value) == context().key.uid("1.3.999.77.42")
    return vr == "SQ" or (not element.is_empty and element.value != _marked_value(vr))


def test_the_answer_key_meets_every_code_of_the_table() -> None:
    """No code of the table is left out, and every compound code is met in more than one Type."""
    codes = {row.basic for row in ROWS} | {code for row in ROWS for code in row.options.values()}
    assert codes == {"X", "Z", "D", "U", "K", "C", "Z/D", "X/Z", "X/D", "X/Z/D", "X/Z/U*"}
    types = {
        (row.basic, (iod_tree(uid).get(row.tag) or [None])[0])
        for row in ROWS
        for uid in IODS
        if "/" in row.basic
    }
    for code in ("Z/D", "X/Z", "X/D", "X/Z/D"):
        assert len({type_ for basic, type_ in types if basic == code}) > 1, code


@pytest.mark.parametrize("level", [0, 1, 3])
def test_keep_keeps_values_and_cleans_the_items_of_sequences(level: int) -> None:
    """Code K (of a site's rule): unchanged for a number, every item cleaned for a sequence."""
    rules = {tag_for_keyword(k) or 0: Action.KEEP for k in ("PatientWeight", "ReferencedStudySequence")}
    ds = _everything(level)
    item = Dataset()
    item.PatientComments, item.ReferencedSOPInstanceUID = MARK, "1.3.999.77.42"
    _kept_at(ds, level).ReferencedStudySequence = Sequence([item])
    out = deidentify(ds, context(), replace(PROFILE, rules=MappingProxyType(rules))).dataset
    kept = _kept_at(out, level)
    assert kept.PatientWeight == 77.25
    assert kept.ReferencedStudySequence[0].ReferencedSOPInstanceUID == context().key.uid("1.3.999.77.42")
    assert MARK.encode() not in encode(out)


@pytest.mark.parametrize("level", [0, 1, 3])
def test_no_marked_value_of_any_row_is_in_the_encoded_file(level: int) -> None:
    """The bytes hold none of the marked texts, the marked UID or the marked dates."""
    data = encode(deidentify(_everything(level), context(), PROFILE).dataset)
    for mark in (MARK, MARK.upper(), "1.3.999.77.42", DAY):
        assert mark.encode() not in data


def test_the_shipped_table_is_complete_and_names_its_edition() -> None:
    """621 rows of 2024b plus 34 later ones, each once, with the acknowledgement."""
    content = json.loads((files("gateway.privacy.profile") / "profile_table.json").read_text())
    assert len(content["rows"]) == len({row["tag"] for row in content["rows"]}) == 621 + 34
    assert sum(row["edition"] == "2024b" for row in content["rows"]) == 621
    assert "2024b" in content["edition"]
    assert "NEMA" in content["acknowledgement"]


def test_the_shipped_iod_types_are_those_of_the_source() -> None:
    """A fresh build from the module tables gives the shipped file."""
    assert (files("gateway.privacy.profile") / "iod_types.json").read_text() == encoded()


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
