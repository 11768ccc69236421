"""Whose study it is: the identity to seal, and what replaces it in the copies."""

from __future__ import annotations

from pydicom import Dataset

from gateway.identity.patient import KEYWORDS
from gateway.pipeline.context import StepContext
from gateway.privacy.deidentify.instance import PatientContext
from gateway.records.identities.vault import Patient, SealedIdentity


def who(context: StepContext, site: str, header: Dataset) -> tuple[SealedIdentity, PatientContext]:
    """The sealed identity of a study's patient, and what replaces it."""
    found = [str(header.get(key, "") or "").strip() for key in KEYWORDS]
    patient = Patient(*found)
    key = context.pseudonym_key
    pseudonym = key.pseudonym(site, patient.issuer_of_patient_id, patient.patient_id)
    patient_hash = key.patient_hash(site, patient.issuer_of_patient_id, patient.patient_id)
    shift = key.date_shift_days(site, patient.issuer_of_patient_id, patient.patient_id)
    return context.vault.seal(site, patient, pseudonym, patient_hash), PatientContext(pseudonym, shift, key)
