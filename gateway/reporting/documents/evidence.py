"""The original headers of a study: whose report it is, and what was read (PS3.3 C.17.2.3).

A report goes back into the sender's archive, so its patient and study are taken from the sender's own headers, never
from the reader's pseudonymous copy.
"""

from __future__ import annotations

import copy
import re
from datetime import date
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from gateway.errors import GatewayError
from gateway.identity.numbers import canonical_number
from gateway.reporting.outline import Restoration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: Type 2 attributes of the Patient and General Study modules: present in every SR, empty when the study has none.
TYPE_2 = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
)
#: They say that identity was removed; in a report with identity restored they would be false.
DEIDENTIFICATION = (
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified",
)
_REFERENCED = ("StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID")


class EvidenceProblem(GatewayError):
    """The original headers cannot carry this report; the text never names the patient."""


def ordered(datasets: Sequence[Dataset], what: str) -> list[Dataset]:
    """The headers by series, instance number and UID, each once, so that their order on disk changes nothing.

    Raises `EvidenceProblem` when one of them cannot be referenced.
    """
    by_uid: dict[str, Dataset] = {}
    for ds in datasets:
        missing = [name for name in _REFERENCED if not ds.get(name)]
        if missing:
            raise EvidenceProblem(
                f"A header of the {what} has no {', '.join(missing)}.",
                "Send this instance again from the archive.",
            )
        by_uid.setdefault(str(ds.SOPInstanceUID), ds)
    return sorted(by_uid.values(), key=_place)


def _place(ds: Dataset) -> tuple[str, int, str, int, str]:
    return (
        str(ds.StudyInstanceUID),
        _integer(ds.get("SeriesNumber")),
        str(ds.SeriesInstanceUID),
        _integer(ds.get("InstanceNumber")),
        str(ds.SOPInstanceUID),
    )


def _integer(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0


def check_one_study(evidence: Sequence[Dataset], priors: Sequence[Dataset]) -> None:
    """Refuse evidence that is empty or of several studies or patients, and priors of another patient."""
    if not evidence:
        raise EvidenceProblem(
            "No instance of the study was given.", "Keep the originals until the report is returned."
        )
    if len({str(ds.get("StudyInstanceUID", "")) for ds in evidence}) > 1:
        differs = "StudyInstanceUID"
    else:
        differs = "PatientID" if _has_another_number(evidence) else ""
    if differs:
        raise EvidenceProblem(
            f"The instances of the study do not agree in {differs}.",
            "Separate the studies, or correct the archive.",
        )
    if _has_another_number([evidence[0], *priors]):
        raise EvidenceProblem("A prior study belongs to another PatientID.", "Take it out of the priors.")


def under_one_number(headers: Sequence[Dataset], identity: Dataset) -> list[Dataset]:
    """The headers with the patient number of `identity`, which was decided to stand for all of them."""
    found = [copy.copy(ds) for ds in headers]
    for ds in found:
        ds.PatientID = str(identity.get("PatientID") or "")
    return found


def _has_another_number(headers: Sequence[Dataset]) -> bool:
    """Whether any of them has another patient number than the first; two ways of writing it are one number."""
    first, *others = dict.fromkeys(str(ds.get("PatientID") or "") for ds in headers)
    return any(canonical_number(other) != canonical_number(first) for other in others)


def identity_header(ds: Dataset) -> Dataset:
    """A decoded copy of one original header with every Type 2 attribute present and no trace of de-identification."""
    header = Dataset()
    for element in ds:
        if (element.tag.group < 0x0040 and not element.tag.is_private) or element.keyword in _REFERENCED:
            header.add(copy.deepcopy(element))
    header.SpecificCharacterSet = ds.get("SpecificCharacterSet", "ISO_IR 6")
    header.decode()
    header.SpecificCharacterSet = "ISO_IR 192"
    for name in DEIDENTIFICATION:
        if name in header:
            delattr(header, name)
    for name in TYPE_2:
        if header.get(name) is None:
            setattr(header, name, "")
    return header


def without_identity(header: Dataset) -> Dataset:
    """The same header with the values highdicom would judge left empty.

    A sender's name without `^`, sex `W` or birth date `1980` must come back exactly as sent, so those values are put
    into the finished document afterwards, unjudged.
    """
    bare = copy.deepcopy(header)  # a shallow copy shares its elements
    for name in TYPE_2:
        setattr(bare, name, "")
    return bare


def restoration_of(
    instances: Iterable[Dataset],
    priors: Iterable[Dataset],
    date_shift_days: int,
    original_uids: Mapping[str, str] | None,
) -> Restoration:
    """How to undo what the reader was shown, for these instances of the study and these prior studies."""
    studies = {str(ds.StudyInstanceUID): _day(ds.get("StudyDate")) for ds in priors}
    systems = {str(ds.SOPInstanceUID): str(ds.get("FrameOfReferenceUID") or "") for ds in instances}
    return Restoration(date_shift_days, original_uids or {}, studies, systems)


def _day(value: object) -> date | None:
    """A DA value as a date; None when it is empty or not a date (PS3.5 6.2)."""
    if not (found := re.fullmatch(r"(\d{4})\.?(\d{2})\.?(\d{2})", str(value or "").strip())):
        return None
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        return None
