"""Every series of the tests that a person labelled: invented ones of each vendor, and those among pydicom's files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

from support.objects.mr_evidence_traps import EVIDENCE_TRAPS
from support.objects.mr_headers import KNOWN
from support.objects.mr_traps import TRAPS

VENDORS = ("Siemens", "GE", "Philips", "Canon", "Toshiba", "UIH", "Hitachi", "Fujifilm", "Hyperfine")
ANY_VENDOR = "any"

# pydicom's own test files: any file of the series -> kind, whether attributes prove it, and the reason.
PYDICOM_MR = {
    "MR_small.dcm": ("derived", True, "SE, TR 4000, TE 240, but the image says DERIVED"),
    "examples_overlay.dcm": ("derived", True, "CSA MPR"),
    "dicomdirtests/98892003/MR1/15820": ("localizer", False, "one gradient echo image; only words tell"),
    "dicomdirtests/98892003/MR1/4919": ("localizer", False, "one gradient echo image; only words tell"),
    "dicomdirtests/98892003/MR1/5641": ("localizer", False, "one gradient echo image; only words tell"),
    "dicomdirtests/98892003/MR2/15970": ("localizer", False, "one gradient echo image; only words tell"),
    "dicomdirtests/98892003/MR2/4950": ("localizer", True, "three planes in three images"),
    "dicomdirtests/98892003/MR2/6273": ("localizer", True, "three planes in three images"),
    "dicomdirtests/98892003/MR700/4467": ("derived", True, "projections, in three planes like a localizer"),
}
_BESIDE_LABELLED = ("MR_small.dcm", "examples_overlay.dcm", "dicomdirtests/98892003/**/*")


@dataclass(frozen=True)
class LabelledSeries:
    """A series, the kind that its attributes prove, and whether they prove it at all."""

    name: str
    vendor: str
    kind: str
    proven: bool
    headers: Callable[[], Sequence[Dataset]] = field(repr=False, compare=False)


def labelled_series() -> tuple[LabelledSeries, ...]:
    """All of them; the same on every machine."""
    known = [LabelledSeries(one.name, _vendor(one.name), one.kind, True, one.headers) for one in KNOWN]
    traps = [
        LabelledSeries(one.name, _vendor(one.name), one.kind, one.proven, one.known.headers)
        for one in (*TRAPS, *EVIDENCE_TRAPS)
    ]
    files = [
        LabelledSeries(name, "files of pydicom", *PYDICOM_MR[name][:2], partial(_series_of, tuple(headers)))
        for name, headers in pydicom_series(_BESIDE_LABELLED).items()
        if name in PYDICOM_MR
    ]
    return (*known, *traps, *files)


def pydicom_series(patterns: Sequence[str] = ("**/*",)) -> dict[str, list[Dataset]]:
    """The headers of each series among these of pydicom's test files, by a labelled file of it, else by its first."""
    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    headers: dict[str, list[Dataset]] = {}
    names: dict[str, str] = {}
    for path in sorted(one for pattern in patterns for one in folder.glob(pattern) if one.is_file()):
        with suppress(Exception):  # many of these files are broken on purpose
            found = pydicom.dcmread(path, stop_before_pixels=True)
            uid, name = str(found.get("SeriesInstanceUID", path)), str(path.relative_to(folder))
            headers.setdefault(uid, []).append(found)
            if uid not in names or (name in PYDICOM_MR and names[uid] not in PYDICOM_MR):
                names[uid] = name
    return {names[uid]: members for uid, members in headers.items()}


def _series_of(headers: Sequence[Dataset]) -> Sequence[Dataset]:
    return headers


def _vendor(name: str) -> str:
    return next((vendor for vendor in VENDORS if name.startswith(f"{vendor} ")), ANY_VENDOR)
