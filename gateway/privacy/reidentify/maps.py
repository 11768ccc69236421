"""What was replaced on the way out, turned round: the maps `restore` needs, derived again from originals and key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from gateway.privacy.elements import listed
from gateway.privacy.identifiers.values import UNREADABLE
from gateway.privacy.schemes import Replacements
from gateway.privacy.standard_uids import is_standard_uid
from gateway.quiet_pydicom import silent_pydicom


def uids_back(originals: Iterable[Dataset], key: Replacements) -> dict[str, str]:
    """Pseudonymous UID -> original UID, for every UID the headers hold: studies, instances, frames of reference."""
    back: dict[str, str] = {}
    for element in _of_all(originals):
        if element.VR == "UI":
            for uid in (str(value).strip(" \0") for value in listed(element.value)):
                if uid and not is_standard_uid(uid):
                    back[key.uid(uid)] = uid
    return back


def accessions_back(originals: Iterable[Dataset], key: Replacements, pseudonym: str) -> dict[str, str]:
    """Replaced accession number -> original, for every accession number the headers hold."""
    numbers = {
        str(element.value) for element in _of_all(originals) if element.keyword == "AccessionNumber"
    } - {""}
    return {key.accession(pseudonym, number): number for number in numbers}


def _of_all(originals: Iterable[Dataset]) -> Iterator[DataElement]:
    with silent_pydicom():
        for header in originals:
            yield from _elements(header)


def _elements(ds: Dataset) -> Iterator[DataElement]:
    for tag in sorted(ds.keys()):
        try:
            element = ds[tag]
        except UNREADABLE:
            continue  # such an object was held: nobody outside knows a replacement of what it says here
        if element.VR == "SQ":
            for item in element.value:
                yield from _elements(item)
        else:
            yield element
