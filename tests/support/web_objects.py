"""What addresses of the web application name by a number, one of each, put beside a web gateway."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlmodel import select

from gateway.lifecycle import CaseState
from gateway.records.tables.administration import Account
from gateway.records.tables.cases import Case, Reply, SignedReport
from gateway.records.tables.conflicts import Conflict
from gateway.records.tables.critical import CriticalResult
from gateway.records.tables.studies import Enrolment
from gateway.reporting.example import phantom_form, phantom_report
from support.web_gateway import PASSWORD, WebGateway

OBJECTS: Final = ("case_id", "study_id", "conflict_id", "reply_id", "enrolment_id", "critical_id")

NO_PRIOR_HERE: Final = {"reasons.prior_not_here": "Compared with the films."}
"""What the phantom was compared with was never sent here."""


def objects_of_north(web: WebGateway) -> dict[str, int]:
    """One object of the site north for each kind that an address can name."""
    case_id, signed_id = (
        web.case(site="north", received_by="upload"),
        web.case(CaseState.CONFIRMED, site="north"),
    )
    with web.database.write("test") as session:
        now = web.database.now(session)
        study_id = session.get_one(Case, case_id).study_id
        when = {"look_again_at": now, "received_at": now, "reached_at": now}
        conflict = Conflict(
            study_id=study_id, site="north", state="CONTESTED", objects=1, last_at=now, **when
        )
        reply = Reply(
            node="reading-site",
            calling_ae_title="R",
            address="127.0.0.1",
            received_by="c-store",
            study_instance_uid="2.25.1",
            sop_class_uid="1.2.840.10008.5.1.4.1.1.88.33",
            sop_instance_uid="2.25.2",
            transfer_syntax_uid="1.2.840.10008.1.2.1",
            digest="0" * 64,
            blob="none",
            size=1,
            case_id=case_id,
            study_id=study_id,
            **when,
        )
        enrolment = Enrolment(
            site="north",
            patient_hash="hash",
            pseudonym="PML-N",
            enrolled_by="north",
            created_at=now - timedelta(days=1),
            updated_at=now,
        )
        session.add_all((conflict, reply, enrolment))
        session.flush()
        report = SignedReport(
            case_id=signed_id,
            version=1,
            content=phantom_report().model_dump(mode="json"),
            digest="0" * 64,
            signed_by=session.exec(select(Account.ids()).limit(1)).one(),
            signer_name="Reader",
            signer_login="reader",
            signed_at=now,
        )
        session.add(report)
        session.flush()
        critical = CriticalResult(
            case_id=signed_id, report_id=report.saved_id, site="north", raised_at=now, next_at=now
        )
        session.add(critical)
        session.flush()
        ids = (case_id, study_id, conflict.id, reply.id, enrolment.id, critical.id)
    return {name: int(number or 0) for name, number in zip(OBJECTS, ids, strict=True)}


def returned_case(web: WebGateway, login: str = "reader") -> int:
    """A case whose report this reader signed and the hospital has."""
    case_id = web.case()
    client = web.client(login)
    assert client.post(f"/api/cases/{case_id}/claim").status_code == 200
    form = phantom_form(told_at=datetime.now(UTC)) | NO_PRIOR_HERE
    answer = client.post(f"/api/cases/{case_id}/sign", json={"password": PASSWORD, "form": form})
    assert answer.status_code == 201, answer.text
    with web.database.write("test") as session:
        case = session.get_one(Case, case_id)
        case.state, case.returned_as, case.returns_to = "CONFIRMED", "enhanced", "hospital"
        case.composed = {
            "enhanced": {
                "blob": "x",
                "series_instance_uid": "2.25.3",
                "sop_class_uid": "1.2.840.10008.5.1.4.1.1.88.22",
                "sop_instance_uid": "2.25.4",
                "transfer_syntax_uid": "1.2.840.10008.1.2.1",
            }
        }
    return case_id
