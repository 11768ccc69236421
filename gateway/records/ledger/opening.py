"""How a matched study becomes a case, and what late images do to one."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from gateway.lifecycle import BEFORE_THE_REPORT, CaseState, move_case
from gateway.records.ledger.journal import add_line
from gateway.records.ledger.telling.context import put_first
from gateway.records.step_record import NewCase
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Study


def open_case(session: Session, study: Study, draft: NewCase, now: datetime) -> Case:
    """The case of a matched study: new, amended by late images, or told that an addendum is wanted."""
    fields = {**vars(draft), "verdict": dict(draft.verdict)}
    case = session.exec(
        select(Case)
        .where(Case.study_id == study.saved_id, Case.destination == draft.destination)
        .with_for_update()
    ).first()
    if case is None:
        case = Case(
            **fields,
            study_id=study.saved_id,
            site=study.site,
            generation=study.generation,
            look_again_at=now,
            reached_at=now,
            created_at=now,
            updated_at=now,
        )
        session.add(case)
        session.flush()
        add_line(
            session,
            study.saved_id,
            case.id,
            now,
            "case opened",
            CaseState.MATCHED,
            detail={"rule": draft.rule_id},
        )
    elif CaseState(case.state) in BEFORE_THE_REPORT:
        seen = case.state == CaseState.FORWARDED
        dropped, case.overrule = case.overrule, {}
        for name, value in fields.items():
            setattr(case, name, value)
        case.state = move_case(CaseState(case.state), CaseState.MATCHED)
        case.to_route = False
        case.generation, case.late_images = study.generation, case.late_images or seen
        case.fence += 1  # a preparation of the older generation must not win
        case.lease_owner, case.lease_until = "", None
        case.look_again_at = case.reached_at = case.updated_at = now
        case.problem = case.fix = case.waiting_for = ""
        case.attempts, case.failing_since = 0, None
        add_line(
            session,
            study.saved_id,
            case.id,
            now,
            "amended by late images",
            CaseState.MATCHED,
            detail={"generation": study.generation},
        )
        if dropped:  # it was said of other images
            judged, now_found = (
                value.replace("_", " ") for value in (dropped["readability"], case.readability)
            )
            detail = {"judged": judged, "by": dropped["by"], "found now": now_found}
            add_line(
                session,
                study.saved_id,
                case.id,
                now,
                "overruled verdict dropped: a new one was made",
                detail=detail,
            )
    elif case.generation != study.generation:
        case.addendum_wanted, case.updated_at = True, now
        case.generation = study.generation
        add_line(
            session, study.saved_id, case.id, now, "late images after the signature: an addendum is wanted"
        )
    put_first(session, case, now)
    return case
