"""Who a study is about, as keyed hashes: enough to see that two studies agree or differ, never enough to say who.

Only the worker computes them, with the pseudonym key; the records and the web role see hashes alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom import Dataset

from gateway.identity.numbers import subject
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.privacy.schemes import Scheme


@dataclass(frozen=True)
class PatientHashes:
    """Keyed hashes; an empty one means that the study does not say."""

    patient_hash: str
    name_hash: str
    birth_hash: str
    accession_hash: str


def patient_hashes(key: PseudonymKey, site: str, header: Dataset) -> PatientHashes:
    """The hashes of a study's patient, name, birth date and accession number, within one site."""
    patient_id, issuer = _text(header, "PatientID"), _text(header, "IssuerOfPatientID")
    pseudonyms = key.of(site, Scheme.FIRST)
    whom = subject(issuer, patient_id, _text(header, "StudyInstanceUID"))
    return PatientHashes(
        key.present_alias(site, whom).patient_hash,
        pseudonyms.name_hash(_text(header, "PatientName")),
        pseudonyms.birth_date_hash(_text(header, "PatientBirthDate")),
        pseudonyms.accession_hash(_text(header, "AccessionNumber")),
    )


def _text(header: Dataset, keyword: str) -> str:
    return str(header.get(keyword, "") or "").strip()
