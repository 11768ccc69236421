"""What holds a study back although a rule applies: signs that it is not what, or not whose, it seems.

Each hold has a code. A person who knows better lets the study go on under that code, with a reason; the study
then passes this guard, and only this one. Two patients in one study are a conflict (`identities.dispute`).
"""

# ruff: noqa: SIM905 - lists of words read better as text

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.privacy.patient_hashes import PatientHashes
from routing_rules.facts import StudyFacts

# BodyPartExamined, Defined Terms of PS3.16 Annex L, and what people write instead of them.
_HEAD: Final = frozenset("HEAD BRAIN SKULL NEURO CEREBRUM HEADNECK IAC ORBIT SELLA PITUITARY".split())
_ELSEWHERE: Final = frozenset(
    "ABDOMEN ABDOMENPELVIS ANKLE ARM BLADDER BREAST CALCANEUS CHEST CHESTABDOMEN CLAVICLE COCCYX COLON CSPINE CTSPINE "
    "ELBOW EXTREMITY FEMUR FINGER FOOT FOREARM HAND HEART HIP HUMERUS KIDNEY KNEE LEG LIVER LSPINE LSSPINE PANCREAS "
    "PELVIS PROSTATE RIB SCAPULA SHOULDER SPINE SSPINE STERNUM THIGH THUMB TLSPINE TOE TSPINE UTERUS "
    "WRIST".split()
)


@dataclass(frozen=True)
class StudyHold:
    """Why a study is held: `code` names the guard; `may_go_on` says whether a person can let it pass."""

    code: str
    problem: str
    fix: str
    may_go_on: bool = True


def holds(
    facts: StudyFacts,
    own: Mapping[int, PatientHashes],
    same_patient: Sequence[PatientHashes],
    same_accession: Sequence[PatientHashes],
) -> list[StudyHold]:
    """Every guard that holds this study: its own hashes by scheme; `same_…` are those of other studies of the site."""
    all_holds = []
    if "MR" not in facts.modalities:
        all_holds.append(
            StudyHold(
                "not-mr",
                f"The study holds no MR image (modalities: {_listed(facts.modalities)}).",
                "Ask the sender for the MRI; or correct the rule that applied.",
            )
        )
    elif elsewhere := other_regions(facts.body_parts):
        all_holds.append(
            StudyHold(
                "not-head",
                f"This is not an MRI of the head (body part: {_listed(elsewhere)}).",
                "Let it go on if the head is shown all the same; or correct the rule that applied.",
            )
        )
    if any(_differ(other.name_hash, own[other.scheme].name_hash) for other in same_patient):
        all_holds.append(
            StudyHold(
                "other-name",
                "This PatientID came with another name before.",
                "Ask the sender whether it is one patient (a changed name) or two; let it go on only if it is one.",
            )
        )
    if any(_differ(other.birth_hash, own[other.scheme].birth_hash) for other in same_patient):
        all_holds.append(
            StudyHold(
                "other-birth-date",
                "This PatientID came with another birth date before.",
                "Ask the sender whether it is one patient or two; let it go on only if it is one.",
            )
        )
    if any(other.patient_hash != own[other.scheme].patient_hash for other in same_accession):
        all_holds.append(
            StudyHold(
                "accession-of-another",
                "This accession number came with another patient before.",
                "Ask the sender which study the number belongs to; let it go on only if the images are this patient's.",
            )
        )
    return all_holds


def forgotten(study_id: int | None, at: datetime) -> StudyHold:
    """A patient who was forgotten comes back: nothing happens before a person has decided."""
    return StudyHold(
        "forgotten",
        f"The patient of this study was forgotten on {at:%Y-%m-%d}.",
        f"Forget the study as well: gateway forget --study {study_id}; or let the patient be known again: "
        f"gateway readmit --study {study_id}",
        may_go_on=False,
    )


def other_regions(body_parts: Iterable[str]) -> tuple[str, ...]:
    """The regions named, when each is known to be another than the head; words nobody knows prove nothing."""
    named = [part.upper().replace("-", " ").replace("_", " ").split() for part in body_parts]
    known = [frozenset({*words, "".join(words)}) for words in named]
    if all(part & _ELSEWHERE and not part & _HEAD for part in known):
        return tuple(sorted({word for part in known for word in part & _ELSEWHERE}))
    return ()


def _differ(one: str, other: str) -> bool:
    return bool(one and other) and one != other


def _listed(values: Iterable[str]) -> str:
    return ", ".join(values) or "none"
