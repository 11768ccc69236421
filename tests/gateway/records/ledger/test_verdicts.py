"""A reader's word on a protocol: kept beside the verdict, journalled, audited, and dropped by late images."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from gateway.errors import Conflict, GatewayError, Invalid, NotClaimed, NotThere, WrongState
from gateway.lifecycle import StudyState
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.database import Database
from gateway.records.ledger.verdicts import overrule_verdict
from gateway.records.step_record import StepRecord
from gateway.records.tables.administration import AuditEvent
from gateway.records.tables.cases import CaseEvent
from gateway.records.tables.studies import Study
from gateway.records.views import case_rows
from routing_rules.protocol.reader_overrule import Overrule
from routing_rules.protocol.verdict import Readability
from support.records import QUIET, FakeClock, draft, due, forwarded_case, new_instance, reader

LIMITED, NOT = Readability.READABLE_WITH_LIMITS, Readability.NOT_READABLE
EVERYBODY = Viewer(0, "x", "x", "admin", "")


def claimed(database: Database, clock: FakeClock, login: str = "ana") -> tuple[int, int]:
    """A readable case that this reader holds; the numbers of both."""
    case_id, account = forwarded_case(database, clock), reader(database, login)
    ledger.claim_case(database, case_id, account, timedelta(minutes=30))
    return case_id, account


def page(database: Database, case_id: int) -> case_rows.CasePage:
    """The case as its page reads it."""
    with database.read() as session:
        found = case_rows.case_page(session, EVERYBODY, case_id)
    assert found is not None
    return found


def told(database: Database, what: str) -> list[dict[str, Any]]:
    """The details of the journal lines that say this."""
    with database.read() as session:
        return [line.detail for line in session.exec(select(CaseEvent)) if line.what.startswith(what)]


def amended(database: Database, clock: FakeClock, **changes: Any) -> None:
    """A late image arrives, and the study is routed again with this verdict."""
    ledger.keep_instance(database, new_instance(2), QUIET)
    clock.pass_seconds(11)
    ledger.advance(database, due(database), StudyState.COMPLETED)
    ledger.advance(database, due(database), StudyState.MATCHED, StepRecord(cases=(draft(**changes),)))


def test_the_holder_overrules_and_the_verdict_stays_visible(database: Database, clock: FakeClock) -> None:
    """Both stand side by side; journal and audit trail say who judged what, and why."""
    case_id, ana = claimed(database, clock)
    overrule_verdict(database, case_id, ana, NOT, " the FLAIR is blurred by motion ", generation=1)
    found = page(database, case_id)
    assert (found.row.readability, found.row.overruled) == ("readable", "not_readable")
    assert Overrule.from_json(found.overrule) == Overrule(
        NOT, "the FLAIR is blurred by motion", "ana", clock.time
    )
    detail = {"verdict": "readable", "judged": "not readable", "why": "the FLAIR is blurred by motion"}
    assert told(database, "verdict overruled") == [detail]
    with database.read() as session:
        [event] = session.exec(select(AuditEvent).where(AuditEvent.action == "protocol verdict overruled"))
        assert (event.who, event.subject, event.detail) == ("ana", f"case {case_id}", detail)


def test_the_gateways_own_verdict_takes_the_judgement_back(database: Database, clock: FakeClock) -> None:
    """With a reason as well; then nothing stands beside the verdict."""
    case_id, ana = claimed(database, clock)
    overrule_verdict(database, case_id, ana, NOT, "blurred")
    overrule_verdict(database, case_id, ana, Readability.READABLE, "the second FLAIR is sharp")
    assert page(database, case_id).overrule == {}
    assert told(database, "verdict confirmed again")[0]["why"] == "the second FLAIR is sharp"


def test_it_is_the_word_of_who_holds_the_case_or_manages_it(database: Database, clock: FakeClock) -> None:
    """Another reader is refused, also one whose claim ended; a lead needs no claim."""
    case_id, ana = claimed(database, clock)
    lea = reader(database, "lea", "lead")
    with pytest.raises(NotClaimed):
        overrule_verdict(database, case_id, lea, NOT, "blurred")
    clock.pass_seconds(31 * 60)
    with pytest.raises(NotClaimed):
        overrule_verdict(database, case_id, ana, NOT, "blurred")
    overrule_verdict(database, case_id, lea, NOT, "blurred", anybodys=True)
    assert page(database, case_id).overrule["by"] == "lea"


@pytest.mark.parametrize(
    ("asked", "refusal", "words"),
    [
        ({"why": "  "}, Invalid, "needs a reason"),
        ({"readability": Readability.READABLE}, Invalid, "readable already"),
        ({"readability": Readability.UNKNOWN}, Invalid, "unknown does not"),
        ({"generation": 7}, Conflict, "arrived since"),
        ({"case_id": 999}, NotThere, "no case 999"),
    ],
)
def test_what_cannot_be_judged_changes_nothing(
    database: Database, clock: FakeClock, asked: dict[str, Any], refusal: type[GatewayError], words: str
) -> None:
    """No reason, no change, another generation, no such case: said in a sentence."""
    case_id, ana = claimed(database, clock)
    wanted = {"case_id": case_id, "account_id": ana, "readability": NOT, "why": "blurred", **asked}
    with pytest.raises(refusal, match=words):
        overrule_verdict(database, **wanted)
    assert page(database, case_id).overrule == {}
    assert told(database, "verdict") == []


def test_a_signed_case_keeps_its_judgement(database: Database, clock: FakeClock) -> None:
    """What was read under it is in the report; later images ask for an addendum and drop nothing."""
    case_id, ana = claimed(database, clock)
    overrule_verdict(database, case_id, ana, LIMITED, "the DWI is distorted")
    ledger.sign_report(database, case_id, ana, {"impression": "no sign of PML"})
    with pytest.raises(WrongState, match="is signed"):
        overrule_verdict(database, case_id, ana, NOT, "on second thought")
    claim = due(database)  # the report's own way back waits meanwhile
    ledger.postpone(database, claim, "not now", timedelta(hours=1), failed=False)
    amended(database, clock)
    assert page(database, case_id).row.addendum_wanted
    assert page(database, case_id).row.overruled == LIMITED


def test_late_images_make_a_new_verdict_and_drop_the_judgement(database: Database, clock: FakeClock) -> None:
    """It was said of other images: the journal says what was dropped and what the verdict is now."""
    case_id, ana = claimed(database, clock)
    overrule_verdict(database, case_id, ana, NOT, "no usable FLAIR")
    amended(database, clock, readability="readable_with_limits")
    found = page(database, case_id)
    assert (found.generation, found.row.readability, found.row.overruled) == (2, "readable_with_limits", "")
    assert told(database, "overruled verdict dropped") == [
        {"judged": "not readable", "by": "ana", "found now": "readable with limits"}
    ]
    with database.read() as session:
        assert session.get_one(Study, found.study_id).generation == 2
