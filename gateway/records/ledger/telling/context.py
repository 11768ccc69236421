"""What a hospital tells about the patient of a study: kept as it was typed, shown once it was looked at.

A hospital's word that PML is suspected puts the cases of the study first, now and when one is opened later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from gateway.errors import NotThere, WrongState
from gateway.lifecycle import BEFORE_THE_REPORT, CaseState
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.ledger.journal import add_line, login_of
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Study
from gateway.records.tables.told import HospitalContext

SUSPECTED: Final = "suspected_pml"
URGENT: Final = "urgent"
FIRST: Final = 0
"""Priority of an urgent suspicion, as routing has it."""


def tell_context(
    database: Database, study_id: int, account_id: int, content: Mapping[str, str], contacts: str
) -> int:
    """Keep what a hospital tells of a study's patient; returns the version. Raises NotThere, WrongState."""
    with database.write("tell_context") as session:
        now = database.now(session)
        study = session.exec(select(Study).where(Study.id == study_id).with_for_update()).first()
        if study is None:
            raise NotThere(f"There is no study {study_id}.", "The list shows every study you may see.")
        if study.forgotten_at is not None:
            raise WrongState(
                f"The patient of study {study_id} was forgotten.", "There is nothing left to do."
            )
        row = session.get(HospitalContext, study_id) or HospitalContext(study_id=study_id)
        row.version += 1
        row.content, row.contacts = dict(content), contacts
        row.told_by, row.told_at, row.withheld = login_of(session, account_id), now, []
        session.add(row)
        session.flush()
        fields = sorted([*content, *(["contacts"] if contacts else [])])
        detail = {"fields": fields}
        add_line(session, study_id, None, now, "told by the hospital", who=row.told_by, detail=detail)
        audit_trail.append(session, now, row.told_by, "context told", f"study {study_id}", detail)
        open_cases = select(Case).where(
            Case.study_id == study_id, col(Case.state).in_(sorted(BEFORE_THE_REPORT))
        )
        for case in session.exec(open_cases.with_for_update()):
            put_first(session, case, now)
        return row.version


def put_first(session: Session, case: Case, now: datetime) -> None:
    """A case whose hospital suspects PML is read first, whatever its rule says; the journal says so."""
    told = session.get(HospitalContext, case.study_id)
    if told is None or told.content.get("referral") != SUSPECTED or case.referral == SUSPECTED:
        return
    if CaseState(case.state) not in BEFORE_THE_REPORT:
        return
    case.referral, case.urgency, case.priority, case.updated_at = SUSPECTED, URGENT, FIRST, now
    add_line(session, case.study_id, case.id, now, "PML is suspected, says the hospital: read first")


def keep_looked_at(
    database: Database,
    study_id: int,
    version: int,
    generation: int,
    withheld: Sequence[str],
    order: Sequence[tuple[str, str]],
    order_hidden: int,
) -> None:
    """What the worker found of a study's texts and order; an answer about an older version is not kept."""
    with database.write("keep_looked_at") as session:
        study = session.get(Study, study_id)
        if study is None or study.forgotten_at is not None:
            return
        row = session.get(HospitalContext, study_id, with_for_update=True)
        row = row or HospitalContext(study_id=study_id)
        if row.version != version:
            return
        row.checked, row.withheld = version, list(withheld)
        row.order_of, row.order, row.order_hidden = generation, [list(pair) for pair in order], order_hidden
        session.add(row)
