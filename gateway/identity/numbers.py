"""Is there a patient number at all, and is it the same one? PatientID (0010,0020) with its issuer (0010,0021).

What stands in PatientID of patients whose number nobody knew is no number: all of them share it. Such a study is its
own person, and nothing is linked to it until a person links it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from gateway.identity.ground import Ground

_UNKNOWN: Final = "says that the number is not known"
_ANONYMOUS: Final = "says that the number was taken away"
_NOTHING: Final = "says that there is no number"
_TRIAL: Final = "is typed for trials, by everybody"
_EMERGENCY: Final = "is given to whoever comes in before the number is known"
_LABEL: Final = "is the name of the field, not a value of it"

PLACEHOLDERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unknown": _UNKNOWN,
        "unkn": _UNKNOWN,
        "unk": _UNKNOWN,
        "unbekannt": _UNKNOWN,
        "unb": _UNKNOWN,
        "inconnu": _UNKNOWN,
        "inconnue": _UNKNOWN,
        "desconocido": _UNKNOWN,
        "sconosciuto": _UNKNOWN,
        "onbekend": _UNKNOWN,
        "okand": _UNKNOWN,
        "ukendt": _UNKNOWN,
        "notknown": _UNKNOWN,
        "notavailable": _UNKNOWN,
        "undefined": _UNKNOWN,
        "undef": _UNKNOWN,
        "unspecified": _UNKNOWN,
        "anon": _ANONYMOUS,
        "anonym": _ANONYMOUS,
        "anonymous": _ANONYMOUS,
        "anonymus": _ANONYMOUS,
        "anonymized": _ANONYMOUS,
        "anonymised": _ANONYMOUS,
        "anonymisiert": _ANONYMOUS,
        "anonyme": _ANONYMOUS,
        "anonimo": _ANONYMOUS,
        "deidentified": _ANONYMOUS,
        "removed": _ANONYMOUS,
        "deleted": _ANONYMOUS,
        "redacted": _ANONYMOUS,
        "na": _NOTHING,
        "nan": _NOTHING,
        "nil": _NOTHING,
        "null": _NOTHING,
        "none": _NOTHING,
        "no": _NOTHING,
        "noid": _NOTHING,
        "nopatientid": _NOTHING,
        "empty": _NOTHING,
        "missing": _NOTHING,
        "keine": _NOTHING,
        "ohne": _NOTHING,
        "test": _TRIAL,
        "testpatient": _TRIAL,
        "patienttest": _TRIAL,
        "dummy": _TRIAL,
        "phantom": _TRIAL,
        "demo": _TRIAL,
        "temp": _EMERGENCY,
        "temporary": _EMERGENCY,
        "tmp": _EMERGENCY,
        "emergency": _EMERGENCY,
        "notfall": _EMERGENCY,
        "default": _LABEL,
        "id": _LABEL,
        "patient": _LABEL,
        "patientid": _LABEL,
        "pid": _LABEL,
        "mrn": _LABEL,
    }
)
"""What is no number, as letters and digits alone in small letters and without accents, with the reason."""

_PATTERNS: Final = (
    (re.compile(r""), "is blank, or has no letter and no digit"),
    (re.compile(r"0+"), "is zero, which no register counts from"),
    (re.compile(r"9{6,}"), "is all nines, what forms ask for when the number is not known"),
    (re.compile(r"x+"), "is crossed out"),
)


@dataclass(frozen=True)
class Subject:
    """Whom a study is about, as far as it says by number: the patient, or (without a number) this study alone.

    The texts are as sent. Without a number `study_instance_uid` is what tells one person from another.
    """

    issuer: str = field(repr=False)
    patient_id: str = field(repr=False)
    study_instance_uid: str = field(repr=False)
    has_number: bool


def subject(issuer: str, patient_id: str, study_instance_uid: str, extra: Collection[str] = ()) -> Subject:
    """Whom a study is about; `extra` are the placeholders of a site, as for `why_no_number`."""
    return Subject(issuer, patient_id, study_instance_uid, has_number(patient_id, extra))


def has_number(patient_id: str, extra: Collection[str] = ()) -> bool:
    """Whether a PatientID numbers one patient."""
    return why_no_number(patient_id, extra) is None


def why_no_number(patient_id: str, extra: Collection[str] = ()) -> str | None:
    """Why a PatientID is no number, as the end of a sentence that begins with it; None when it is one.

    `extra` are further texts that are no number at a site (`[study] no_patient_ids`), in any case and punctuation.
    """
    bare = _bare(patient_id)
    for pattern, reason in _PATTERNS:
        if pattern.fullmatch(bare):
            return reason
    if bare in PLACEHOLDERS:
        return PLACEHOLDERS[bare]
    return "is no number by this site's settings" if bare in map(_bare, extra) else None


def canonical_number(patient_id: str) -> str:
    """A PatientID without what is only writing: padding, wide forms, leading zeros of a number of digits alone."""
    text = _written(patient_id)
    return (text.lstrip("0") or "0") if re.fullmatch(r"[0-9]+", text) else text


def canonical_issuer(issuer: str) -> str:
    """An issuer without what is only writing: padding, wide forms, letter case."""
    return " ".join(_written(issuer).casefold().split())


def compare_numbers(one: tuple[str, str], other: tuple[str, str], extra: Collection[str] = ()) -> Ground:
    """The ground on which two (PatientID, issuer) are one patient's or not. A missing issuer is no other issuer."""
    (number, issuer), (other_number, other_issuer) = one, other
    if not has_number(number, extra) or not has_number(other_number, extra):
        return Ground.ABSENT
    if canonical_number(number) != canonical_number(other_number):
        return (
            Ground.ALIKE if _bare(number).lstrip("0") == _bare(other_number).lstrip("0") else Ground.DIFFERS
        )
    issuers = {canonical_issuer(issuer), canonical_issuer(other_issuer)}
    if len(issuers) > 1:
        return Ground.ONE_ISSUER if "" in issuers else Ground.OTHER_ISSUER
    return Ground.EQUAL if number == other_number else Ground.WRITTEN_OTHERWISE


def _written(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip(" \0\t\r\n")


def _bare(text: str) -> str:
    """Letters and digits alone, in small letters, without accents."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in letters if character.isalnum())
