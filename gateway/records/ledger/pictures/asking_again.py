"""A person has what was made of a case's copies made again: its pictures, the priors laid over it, the maps of change.

Whatever became of them: a disk that was full, a worker that died, a prior that was refused and now has other copies.
"""

from __future__ import annotations

from sqlmodel import col, select

from gateway.errors import NotThere, WrongState
from gateway.lifecycle import CaseState
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.ledger.journal import add_line
from gateway.records.ledger.pictures.making import want
from gateway.records.tables.cases import Case, PreparedInstance
from gateway.records.tables.change_maps import CaseChangeMap
from gateway.records.tables.pictures import MADE, CaseAlignment, CasePictures


def make_again(database: Database, case_id: int, who: str) -> None:
    """Everything of this case, and of its priors what is not there; who works at it now has lost it.

    A prior is laid over a case that is to be read: what was made of one that is over stays as it is.

    Raises NotThere, and WrongState for a case without copies.
    """
    with database.write("make_again") as session:
        now = database.now(session)
        case = session.exec(select(Case).where(Case.id == case_id).with_for_update()).first()
        if case is None:
            raise NotThere(f"There is no case {case_id}.", "List them with: gateway cases list")
        copies = select(PreparedInstance.id).where(PreparedInstance.case_id == case_id).limit(1)
        if case.forgotten_at is not None or session.exec(copies).first() is None:
            raise WrongState(
                f"Case {case_id} has no copies of which pictures could be made.",
                "They are made by themselves as soon as it has.",
            )
        priors: set[int] = set()
        if case.state == CaseState.FORWARDED:
            # Without a row a pair is wanted anew as soon as both have their pictures, while the case is to be read.
            of_the_case = col(CaseAlignment.case_id) == case_id, col(CaseChangeMap.case_id) == case_id
            rows = (
                *session.exec(select(CaseAlignment).where(of_the_case[0]).with_for_update()),
                *session.exec(select(CaseChangeMap).where(of_the_case[1]).with_for_update()),
            )
            for row in rows:
                priors.add(row.prior_case_id)
                session.delete(row)
        want(session, case_id, now)
        for prior in sorted(priors):
            made = session.get(CasePictures, prior)
            if made is None or made.state != MADE:
                want(session, prior, now)
        add_line(session, case.study_id, case_id, now, "pictures made again", who=who)
        audit_trail.append(session, now, who, "pictures made again", f"case {case_id}")
