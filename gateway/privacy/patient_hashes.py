"""Who a study is about, as keyed hashes: enough to see that two studies agree or differ, never enough to say who.

Only the worker computes them, with the pseudonym key; the records and the web role see hashes alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom import Dataset

from gateway.privacy.schemes import LATEST, PatientAlias, Pseudonyms


@dataclass(frozen=True)
class PatientHashes:
    """Keyed hashes; an empty one means that the study does not say. The field names are columns of the study.

    `patient_hash` and `number_hash` are whom the records know; the other three are of the scheme, and compared
    within it.
    """

    patient_hash: str
    name_hash: str
    birth_hash: str
    accession_hash: str
    number_hash: str = ""
    has_number: bool | None = None
    scheme: int = int(LATEST)


def patient_hashes(
    pseudonyms: Pseudonyms, alias: PatientAlias, number_hash: str, has_number: bool, header: Dataset
) -> PatientHashes:
    """The hashes of a study of this person: of name, birth date and accession number as one scheme derives them."""
    return PatientHashes(
        alias.patient_hash,
        pseudonyms.name_hash(_text(header, "PatientName")),
        pseudonyms.birth_date_hash(_text(header, "PatientBirthDate")),
        pseudonyms.accession_hash(_text(header, "AccessionNumber")),
        number_hash,
        has_number,
        int(pseudonyms.scheme),
    )


def _text(header: Dataset, keyword: str) -> str:
    return str(header.get(keyword, "") or "").strip()
