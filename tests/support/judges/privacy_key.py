"""The answer key of de-identification: what has to be true of a copy, counted, and what is not.

The ten actions of MIDI-B on the MR files that come with pydicom, filled with the identity of an invented patient; a
word that nobody declared in every place of every IOD; and identity as people write it (`SPELLINGS`, `NUMBERS`) and
hide it beside pixels (`BESIDE_PIXELS`), each of which leaked once. A check is one action, one place, or one spelling.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pydicom
from imagecodecs import ljpeg_encode
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import JPEGLosslessSV1

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.errors import Held
from gateway.privacy.leak_search.search import find_leaks, identifying_values
from gateway.privacy.leak_search.spans import spans
from gateway.privacy.profile.iod import CLASSIC_MR, attributes_of
from gateway.privacy.profile.profile import load_profile
from support.judges.midi_score import ACTIONS, Score, bytes_leaked, expectations, judge
from support.objects.every_place import filled
from support.objects.hostile_mr import Person, context, hostile_mr
from support.objects.injected_identity import CHARSETS, as_file, inject, read

HEADINGS = ("what", "checks", "missed")
_PROFILE = load_profile()
_WORD = "Zielinskowa"
_NEEDED = {0x00080005, 0x00080008, 0x00080016, 0x00080018, 0x00280301, 0x00100010, 0x00100020}
_BUNDLED = Path(pydicom.__file__).parent / "data" / "test_files"
# Patient number, what stands in the description, and what of it may be in no byte of the copy.
SPELLINGS = (
    ("P07", "t2 p07 tra", b"p07"),
    ("S12", "t2 S12 flair", b"s12"),
    ("7", "t2 7 tra", b"t2 7"),
    ("T2W", "T2W tra", b"t2w"),
    ("122064", "t2 12 20 64", b"12 20 64"),
    ("122064", "t2 12mm 20mm 64", b"12mm 20mm 64"),
    ("QX4711923", "t2 13 04 71 kontrolle", b"13 04 71"),
    ("QX4711923", "head 13_4_71", b"13 4 71"),
    ("QX4711923", "t2 4 13 71", b"4 13 71"),
    ("QX4711923", "t2 Z. A.", b"z a"),
    ("QX4711923", "t2 A Z 12", b"a z"),
    ("QX4711923", "T1 13 4 71 sag", b"13"),
    ("QX4711923", "T1 10 4 13 71", b"10"),
    ("QX471112", "t2 47 11 12 tra", b"11"),
)
# The number 4711923, the date 17 April 1963 or a name as the value of a number.
NUMBERS: tuple[tuple[str, object], ...] = (
    ("WindowCenter", "4711.923"),
    ("WindowCenter", "-4711923"),
    ("SAR", "0.4711923"),
    ("SAR", "19.630417"),
    ("EchoNumbers", "+4711923"),
    ("DiffusionBValue", 4711.923),
    ("DiffusionBValue", struct.unpack("<d", _WORD[:8].encode())[0]),
)
# Where text may stand in a lossless JPEG: behind the last sample, behind the end, and in segments that nothing reads.
BESIDE_PIXELS: dict[str, Callable[[bytes], bytes]] = {
    "behind the last sample": lambda code: code[:-2] + _WORD.encode() + code[-2:],
    "behind the end": lambda code: code + _WORD.encode() + b" ",
    "in a comment": lambda code: code[:2] + b"\xff\xfe\0\x0d" + _WORD.encode() + code[2:],
    "in a quantisation table": lambda code: (
        code[:2] + b"\xff\xdb\0\x43\0" + _WORD.encode().ljust(64, b"\1") + code[2:]
    ),
    "in a Huffman table": lambda code: (
        code[:2] + b"\xff\xc4\0\x1d\x11" + bytes(14) + b"\0\x0a" + b"Zielnskowa" + code[2:]
    ),
}


class Line(NamedTuple):
    """How often something was checked, and where it was not as it should be."""

    what: str
    checks: int
    missed: tuple[str, ...]


def lines() -> Iterator[Line]:
    """All lines of the table."""
    score = midi()
    for action in ACTIONS:
        failed = tuple(line for line in score.failed if f": {action} " in line)
        if score.required[action]:
            yield Line(f"`{action}` (MIDI-B)", score.required[action], failed)
    yield Line("no identity in any byte of a file", score.files, tuple(score.leaked))
    for sop_class, name in _PROFILE.sop_classes.items():
        yield _undeclared(sop_class, name)
    missed = tuple(text for number, text, gone in SPELLINGS if not _is_gone(number, text, gone))
    yield Line("identity in pieces, short numbers, initials", len(SPELLINGS), missed)
    left = tuple(
        f"{keyword} {value}" for keyword, value in NUMBERS if not _is_gone_from_number(keyword, value)
    )
    yield Line("identity in the values of numbers", len(NUMBERS), left)
    beside = tuple(place for place, hide in BESIDE_PIXELS.items() if not _is_gone_beside_pixels(hide))
    yield Line("text in a JPEG that no decoder reads", len(BESIDE_PIXELS), beside)


def rows(judged: Sequence[Line]) -> tuple[tuple[str, int, int], ...]:
    """The table, with the sum of all lines."""
    counted = [(line.what, line.checks, len(line.missed)) for line in judged]
    return (*counted, ("all", sum(row[1] for row in counted), sum(row[2] for row in counted)))


@cache
def midi() -> Score:
    """The ten actions."""
    score = Score()
    charsets = list(CHARSETS.items())
    for number, path in enumerate(sorted(_BUNDLED.glob("MR*.dcm"))):
        charset, who = charsets[number % len(charsets)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom about values of these files
            original = read(as_file(inject(_whole(dcmread(path)), who, charset), who))
            copy = encode(deidentify(original, context(who), _PROFILE, "other").dataset)
            output = read(copy)
            for expected in expectations(original, who):
                score.add(path.name, expected, judge(expected, output, context(who)))
            values = identifying_values([original], context(who).date_shift_days)
        score.files += 1
        if bytes_leaked(copy, who) or find_leaks(copy, values):
            score.leaked.append(path.name)
    return score


def _whole(ds: Dataset) -> Dataset:
    """With all pixels that the header describes: MR_truncated.dcm has fewer, and would be held for that."""
    if not ds.file_meta.TransferSyntaxUID.is_compressed:
        ds.PixelData = ds.PixelData.ljust(get_expected_length(ds, unit="bytes"), b"\0")
    return ds


def _undeclared(sop_class: str, name: str) -> Line:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom about values that are wrong on purpose
        ds = _plain(sop_class)
        places = attributes_of(sop_class, also=_PROFILE.also_allowed)
        checks = len(list(filled(ds, places, _WORD, _NEEDED)))
        copy = encode(deidentify(ds, context(), _PROFILE, "flair").dataset)
    said = _WORD[:10].lower().encode()
    missed = tuple(span.path for span in spans(copy) if said in copy[span.start : span.end].lower())
    return Line(f"an undeclared word in every place of {name}", checks, missed)


def _is_gone(number: str, text: str, gone: bytes) -> bool:
    ds = _plain(CLASSIC_MR, Person(patient_id=number))
    ds.SeriesDescription = ds.ProtocolName = text
    new = deidentify(ds, context(), _PROFILE, "flair").dataset
    copy = encode(new)
    leaks = find_leaks(copy, identifying_values([ds], context().date_shift_days))
    texts = f"{new.SeriesDescription}|{new.get('ProtocolName', '')}".casefold().encode()
    return gone not in texts and not leaks


def _is_gone_from_number(keyword: str, value: object) -> bool:
    """Gone with nothing in its place, or the object is held."""
    ds = _plain(CLASSIC_MR, Person(patient_id="QX4711923", birth_date="19630417"))
    setattr(ds, keyword, value)
    try:
        new = deidentify(ds, context(), _PROFILE, "flair").dataset
    except Held:
        return True
    leaks = find_leaks(encode(new), identifying_values([ds], context().date_shift_days))
    return keyword not in new and not leaks


def _is_gone_beside_pixels(hide: Callable[[bytes], bytes]) -> bool:
    """Gone, or the object is held."""
    ds = _plain(CLASSIC_MR)
    image = np.arange(ds.Rows * ds.Columns, dtype=np.uint16).reshape(ds.Rows, ds.Columns)
    ds.PixelData = encapsulate([hide(bytes(ljpeg_encode(image, bitspersample=16)))])
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    ds.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    try:
        copy = encode(deidentify(ds, context(), _PROFILE, "flair").dataset)
    except Held:
        return True
    return not any(word in copy for word in (_WORD.encode(), b"Zielnskowa"))


def _plain(sop_class: str, person: Person | None = None) -> Dataset:
    ds = hostile_mr(person, depth=0) if person else hostile_mr(depth=0)
    for element in list(ds.group_dataset(0x6000)):
        del ds[element.tag]
    ds.SOPClassUID = sop_class
    return ds
