"""Does an object that comes back belong to this case? Matched by the study it names and by all it refers to.

Nothing is passed through on a guess: an object of another study, about another patient, or with a reference nobody
can follow in the sender's archive, is held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pydicom.dataset import Dataset

from gateway.privacy.errors import Held, HeldReason
from gateway.privacy.schemes import PSEUDONYM_PREFIX

# References to the reading site's own procedure steps and visits: not to objects of the study.
_OWN_AFFAIRS: Final = frozenset(
    {
        "ReferencedPerformedProcedureStepSequence",
        "ReferencedVisitSequence",
        "ReferencedPatientSequence",
        "ReferencedInstancesAndAccessSequence",
    }
)


def refuse_if_foreign(
    ds: Dataset, original_study_instance_uid: str, uid_back: Mapping[str, str], pseudonym: str
) -> None:
    """Raise Held unless `ds` is a new object of this study whose every reference is known (see `restore`)."""
    study = _uid(ds, "StudyInstanceUID")
    if uid_back.get(study) != original_study_instance_uid:
        raise Held(
            "The object names no study of this case.",
            "Send it within the study that was sent for reading.",
            reason=HeldReason.UNKNOWN_STUDY,
        )
    own = _uid(ds, "SOPInstanceUID")
    if not own or not _uid(ds, "SOPClassUID") or not _uid(ds, "SeriesInstanceUID"):
        raise Held(
            "The object has no SOP Class, SOP Instance or Series Instance UID.",
            "Ask the reading site to send a complete object.",
            reason=HeldReason.INCOMPLETE,
        )
    if uid_back.get(own, own) != own:
        raise Held(
            "The object is not new: its SOP Instance UID is one we sent.",
            "Store the result as a new object.",
            reason=HeldReason.NOT_NEW,
        )
    number = str(ds.get("PatientID") or "").strip()
    if pseudonym and number.startswith(PSEUDONYM_PREFIX) and number != pseudonym:
        raise Held(
            "The object carries the pseudonym of another patient than its study.",
            "Ask the reading site which study it was made for.",
            reason=HeldReason.OTHER_PATIENT,
        )
    for keyword, uid in references(ds, own):
        if uid not in uid_back:
            study_wanted = keyword == "StudyInstanceUID"
            raise Held(
                f"The object refers to {'a study' if study_wanted else 'an object'} that was never sent out "
                f"({keyword}).",
                "Ask the reading site to send what it refers to first, or to leave the reference out.",
                reason=HeldReason.UNKNOWN_STUDY if study_wanted else HeldReason.UNKNOWN_INSTANCE,
            )


def references(ds: Dataset, own: str) -> Iterator[tuple[str, str]]:
    """(keyword, UID) of each nested study and referenced instance, the object's own left out."""
    for element in ds:
        if element.VR != "SQ" or element.keyword in _OWN_AFFAIRS:
            continue
        for item in element.value:
            for keyword in ("StudyInstanceUID", "ReferencedSOPInstanceUID"):
                uid = _uid(item, keyword)
                if uid and uid != own:
                    yield keyword, uid
            yield from references(item, own)


def _uid(ds: Dataset, keyword: str) -> str:
    return str(ds.get(keyword) or "").strip(" \0")
