"""Priors laid over cases: which are known of the present copies, and which are still to be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, exists, func, not_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from gateway.imaging.study_index import Affine
from gateway.lifecycle import CaseState
from gateway.records.tables.cases import Case
from gateway.records.tables.change_maps import CaseChangeMap
from gateway.records.tables.pictures import ALIGNED, MADE, CaseAlignment, CasePictures
from gateway.records.tables.studies import Study

_DAY = len("YYYYMMDD")


@dataclass(frozen=True)
class AlignmentRow:
    """What is known of one prior; `transform` maps its points to those of the case (LPS, mm)."""

    prior_case_id: int
    state: str
    kind: str
    transform: Affine | None
    residual_mm: float | None
    limit_mm: float
    why: str


def alignments(session: Session, case_id: int) -> dict[int, AlignmentRow]:
    """By the case of the prior; of other copies than the present ones nothing is known."""
    own, theirs = aliased(CasePictures), aliased(CasePictures)
    rows = session.exec(
        select(CaseAlignment)
        .join(own, col(own.case_id) == col(CaseAlignment.case_id))
        .join(theirs, col(theirs.case_id) == col(CaseAlignment.prior_case_id))
        .where(
            CaseAlignment.case_id == case_id,
            own.version == CaseAlignment.version,
            theirs.version == CaseAlignment.prior_version,
        )
    )
    return {row.prior_case_id: _row(row) for row in rows}


def _row(row: CaseAlignment) -> AlignmentRow:
    return AlignmentRow(
        row.prior_case_id, row.state, row.kind, _affine(row.transform), row.residual_mm, row.limit_mm, row.why
    )


def _affine(numbers: list[Any]) -> Affine | None:
    if len(numbers) != 12:
        return None
    rows = [tuple(float(each) for each in numbers[at : at + 4]) for at in (0, 4, 8)]
    return tuple((row[0], row[1], row[2], row[3]) for row in rows)


@dataclass(frozen=True)
class UnalignedPair:
    """A case that waits for its reader and an earlier one of its patient, both with pictures, not laid over yet."""

    case_id: int
    prior_case_id: int
    version: str
    prior_version: str
    series: tuple[Any, ...]
    prior_series: tuple[Any, ...]


def unaligned_pairs(session: Session, most: int) -> list[UnalignedPair]:
    """The most urgent cases first, of each the newest prior first."""
    own, theirs = aliased(CasePictures), aliased(CasePictures)
    prior, before, study = aliased(Case), aliased(Study), aliased(Study)
    known = exists().where(
        col(CaseAlignment.case_id) == col(Case.id),
        col(CaseAlignment.prior_case_id) == col(prior.id),
        col(CaseAlignment.version) == col(own.version),
        col(CaseAlignment.prior_version) == col(theirs.version),
    )
    rows = session.exec(
        select(Case, prior, own, theirs)
        .join(own, col(own.case_id) == col(Case.id))
        .join(study, col(study.id) == col(Case.study_id))
        .join(
            prior,
            and_(
                col(prior.identity_id) == col(Case.identity_id),
                col(prior.site) == col(Case.site),
                col(prior.study_id) != col(Case.study_id),
            ),
        )
        .join(before, col(before.id) == col(prior.study_id))
        .join(theirs, col(theirs.case_id) == col(prior.id))
        .where(
            Case.state == CaseState.FORWARDED,
            col(Case.forgotten_at).is_(None),
            col(prior.forgotten_at).is_(None),
            own.state == MADE,
            theirs.state == MADE,
            func.length(col(before.study_date)) == _DAY,
            func.length(col(study.study_date)) == _DAY,
            col(before.study_date) < col(study.study_date),
            not_(known),
        )
        .order_by(
            col(Case.priority), col(Case.id).desc(), col(before.study_date).desc(), col(prior.id).desc()
        )
        .limit(most)
    )
    return [
        UnalignedPair(
            case.saved_id,
            other.saved_id,
            pictures.version,
            earlier.version,
            tuple(case.series),
            tuple(other.series),
        )
        for case, other, pictures, earlier in rows
    ]


@dataclass(frozen=True)
class AlignedPair:
    """A case and a prior that were aligned by their FLAIR and have no map of change yet."""

    case_id: int
    prior_case_id: int
    version: str
    prior_version: str
    transform: Affine


def unmapped_pairs(session: Session, most: int) -> list[AlignedPair]:
    """Of the present copies, both with all their volumes, the last aligned first."""
    own, theirs = aliased(CasePictures), aliased(CasePictures)
    known = exists().where(
        col(CaseChangeMap.case_id) == col(CaseAlignment.case_id),
        col(CaseChangeMap.prior_case_id) == col(CaseAlignment.prior_case_id),
        col(CaseChangeMap.version) == col(CaseAlignment.version),
        col(CaseChangeMap.prior_version) == col(CaseAlignment.prior_version),
    )
    rows = session.exec(
        select(CaseAlignment)
        .join(own, col(own.case_id) == col(CaseAlignment.case_id))
        .join(theirs, col(theirs.case_id) == col(CaseAlignment.prior_case_id))
        .where(
            CaseAlignment.state == ALIGNED,
            CaseAlignment.kind == "flair",
            own.version == CaseAlignment.version,
            theirs.version == CaseAlignment.prior_version,
            own.state == MADE,
            theirs.state == MADE,
            not_(known),
        )
        .order_by(col(CaseAlignment.made_at).desc(), col(CaseAlignment.id).desc())
        .limit(most)
    )
    return [
        AlignedPair(row.case_id, row.prior_case_id, row.version, row.prior_version, transform)
        for row in rows
        if (transform := _affine(row.transform)) is not None
    ]
