"""Who a study is about, as keyed hashes: enough to see that two studies agree or differ, never enough to say who.

Only the worker computes them, with the pseudonym key; the records and the web role see hashes alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom import Dataset

from gateway.privacy.pseudonyms import PseudonymKey


@dataclass(frozen=True)
class Linkage:
    """Keyed hashes; an empty one means that the study does not say."""

    patient_hash: str
    name_hash: str
    birth_hash: str
    accession_hash: str


def linkage(key: PseudonymKey, site: str, header: Dataset) -> Linkage:
    """The hashes of a study's patient, name, birth date and accession number, within one site.

    A name counts as the same whatever its case, spacing and empty components: PACS and RIS write them differently.
    """
    patient_id, issuer = _text(header, "PatientID"), _text(header, "IssuerOfPatientID")
    name = " ".join(_text(header, "PatientName").split("=")[0].replace("^", " ").casefold().split())

    def hashed(use: str, *values: str) -> str:
        return key.uid(":".join((use, site, *values))) if any(values) else ""

    return Linkage(
        key.patient_hash(site, issuer, patient_id),
        hashed("name", name),
        hashed("birth", _text(header, "PatientBirthDate")),
        hashed("accession", _text(header, "AccessionNumber")),
    )


def _text(header: Dataset, keyword: str) -> str:
    return str(header.get(keyword, "") or "").strip()
