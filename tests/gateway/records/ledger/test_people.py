"""People's work on cases: claim, draft, sign, park, retry, take the report."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlmodel import select

from gateway.errors import AlreadyClaimed, AlreadySigned, NotClaimed, NotThere, StaleDraft, WrongState
from gateway.lifecycle import CaseState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.people import (
    claim_case,
    note_report_download,
    park_case,
    release_case,
    retry,
    save_draft,
    take_over_draft,
)
from gateway.records.ledger.reports.signing import sign_report
from gateway.records.tables.administration import Notice
from gateway.records.tables.cases import Case, Draft, SignedReport
from support.crashes import killed_at
from support.records import (
    LEASE,
    FakeClock,
    audit_events,
    case_row,
    forwarded_case,
    journal,
    matched_case,
    reader,
)


class TestReading:
    """Claim, draft, sign."""

    def test_one_claim_wins_and_the_other_is_told_who(self, database: Database, clock: FakeClock) -> None:
        """The second reader hears the first one's name."""
        case_id = forwarded_case(database, clock)
        ana, ben = reader(database), reader(database, "ben")
        ledger.claim_case(database, case_id, ana, LEASE)
        with pytest.raises(AlreadyClaimed, match="Ana"):
            ledger.claim_case(database, case_id, ben, LEASE)

    def test_a_claim_ends_by_itself(self, database: Database, clock: FakeClock) -> None:
        """After the lease another reader may claim, and the first can no longer sign."""
        case_id = forwarded_case(database, clock)
        ana, ben = reader(database), reader(database, "ben")
        ledger.claim_case(database, case_id, ana, LEASE)
        clock.pass_seconds(61)
        ledger.claim_case(database, case_id, ben, LEASE)
        with pytest.raises(NotClaimed):
            ledger.sign_report(database, case_id, ana, {})

    def test_the_next_case_is_the_most_urgent_that_nobody_holds(
        self, database: Database, clock: FakeClock
    ) -> None:
        """One's own first; what is parked, contested, or of another site is passed over; at the end it says so."""
        ana, ben = reader(database), reader(database, "ben")
        routine, urgent, parked, other = (forwarded_case(database, clock, f"1.2.{n}") for n in range(4))
        with database.write("test") as session:
            session.get_one(Case, urgent).priority = 1
            session.get_one(Case, parked).problem = "x"
            session.get_one(Case, other).site = "elsewhere"
        site = case_row(database, routine).site
        assert ledger.claim_next(database, ana, site, LEASE) == urgent
        assert ledger.claim_next(database, ana, site, LEASE) == urgent, "the one in hand comes first"
        assert ledger.claim_next(database, ben, site, LEASE) == routine
        carl = reader(database, "carl")
        with pytest.raises(NotThere):
            ledger.claim_next(database, carl, site, LEASE)
        assert ledger.claim_next(database, carl, "", LEASE) == other

    def test_readers_who_ask_at_once_get_different_cases(self, database: Database, clock: FakeClock) -> None:
        """However many ask."""
        for n in range(6):
            forwarded_case(database, clock, f"1.2.{n}")
        readers = [reader(database, f"reader{n}") for n in range(6)]
        with ThreadPoolExecutor(6) as pool:
            claimed = list(pool.map(lambda who: ledger.claim_next(database, who, "", LEASE), readers))
        assert len(set(claimed)) == 6

    def test_only_a_case_in_the_queue_can_be_claimed(self, database: Database, clock: FakeClock) -> None:
        """A case that is still being prepared is refused."""
        case_id = matched_case(database, clock)
        with pytest.raises(WrongState):
            ledger.claim_case(database, case_id, reader(database), LEASE)

    def test_a_draft_from_an_old_version_is_refused(self, database: Database, clock: FakeClock) -> None:
        """Two browser tabs cannot overwrite each other's draft silently."""
        case_id = forwarded_case(database, clock)
        ana = reader(database)
        ledger.claim_case(database, case_id, ana, LEASE)
        assert ledger.save_draft(database, case_id, ana, {"a": "1"}, 0, LEASE) == 1
        with pytest.raises(StaleDraft):
            ledger.save_draft(database, case_id, ana, {"a": "2"}, 0, LEASE)

    def test_a_critical_report_that_nobody_was_told_of_rings(
        self, database: Database, clock: FakeClock
    ) -> None:
        """Whoever watches hears of it with the signature, and of any other report nothing."""
        case_id, other = forwarded_case(database, clock), forwarded_case(database, clock, "2.25.2")
        ana = reader(database)
        ledger.claim_case(database, case_id, ana, LEASE)
        ledger.claim_case(database, other, ana, LEASE)
        ledger.sign_report(database, case_id, ana, {"reasons": {"nobody_told": "Nobody answers."}})
        ledger.sign_report(database, other, ana, {"reasons": {"no_contrast": "Allergy."}})
        with database.read() as session:
            [notice] = session.exec(select(Notice)).all()
        assert notice.page == f"/cases/{case_id}"
        assert "nobody at the hospital could be told" in notice.text

    def test_a_second_signature_is_refused(self, database: Database, clock: FakeClock) -> None:
        """The signed text stays; a correction is an addendum."""
        case_id = forwarded_case(database, clock)
        ana = reader(database)
        ledger.claim_case(database, case_id, ana, LEASE)
        ledger.sign_report(database, case_id, ana, {"a": 1})
        with pytest.raises(AlreadySigned):
            ledger.sign_report(database, case_id, ana, {"a": 2})
        assert case_row(database, case_id).state == CaseState.REPORTED

    def test_a_lead_may_release_anybodys_claim(self, database: Database, clock: FakeClock) -> None:
        """Another reader may not, a lead may."""
        case_id = forwarded_case(database, clock)
        ana, ben = reader(database), reader(database, "ben")
        ledger.claim_case(database, case_id, ana, LEASE)
        with pytest.raises(NotClaimed):
            ledger.release_case(database, case_id, ben)
        ledger.release_case(database, case_id, ben, anybodys=True)
        assert case_row(database, case_id).claimed_by is None


def test_a_claim_that_is_renewed_has_one_line(database: Database, clock: FakeClock) -> None:
    """Saving prolongs it every minute; one that had ended is a claim anew."""
    case_id, ana = forwarded_case(database, clock), reader(database)
    claim_case(database, case_id, ana, LEASE)
    clock.pass_seconds(30)
    assert claim_case(database, case_id, ana, LEASE) == clock.time + LEASE
    assert [line.what for line in journal(database, 1, case_id)].count("claimed") == 1
    clock.pass_seconds(61)
    claim_case(database, case_id, ana, LEASE)
    assert [line.what for line in journal(database, 1, case_id)].count("claimed") == 2


def test_giving_back_what_nobody_holds_says_nothing(database: Database, clock: FakeClock) -> None:
    """The second click comes too late to matter."""
    case_id, ana = forwarded_case(database, clock), reader(database)
    claim_case(database, case_id, ana, LEASE)
    for _ in range(2):
        release_case(database, case_id, ana)
    assert [line.what for line in journal(database, 1, case_id)].count("released") == 1


def test_a_draft_keeps_the_claim_and_is_the_readers_who_holds_it(
    database: Database, clock: FakeClock
) -> None:
    """Writing is work on the case; another reader's text does not get in between."""
    case_id, ana, ben = forwarded_case(database, clock), reader(database), reader(database, "ben")
    claim_case(database, case_id, ana, LEASE)
    clock.pass_seconds(50)
    assert save_draft(database, case_id, ana, {"a": 1}, 0, LEASE) == 1
    clock.pass_seconds(50)
    assert save_draft(database, case_id, ana, {"a": 2}, 1, LEASE) == 2
    with pytest.raises(NotClaimed):
        save_draft(database, case_id, ben, {"a": 3}, 2, LEASE)
    with database.read() as session:
        draft = session.get_one(Draft, (case_id, ana))
    assert (draft.content, draft.saved_by, draft.saved_at) == ({"a": 2}, ana, clock.time)


def test_a_draft_given_back_stays_its_authors(database: Database, clock: FakeClock) -> None:
    """The next reader begins with nothing and saves a draft of their own; the first goes on where they were."""
    case_id, ana, ben = forwarded_case(database, clock), reader(database), reader(database, "ben")
    claim_case(database, case_id, ana, LEASE)
    save_draft(database, case_id, ana, {"a": 1}, 0, LEASE)
    release_case(database, case_id, ana)
    claim_case(database, case_id, ben, LEASE)
    assert save_draft(database, case_id, ben, {"a": 2}, 0, LEASE) == 1
    release_case(database, case_id, ben)
    claim_case(database, case_id, ana, LEASE)
    assert save_draft(database, case_id, ana, {"a": 3}, 1, LEASE) == 2
    with database.read() as session:
        kept = {row.saved_by: (row.version, row.content) for row in session.exec(select(Draft))}
    assert kept == {ana: (2, {"a": 3}), ben: (1, {"a": 2})}


def test_taking_a_draft_over_is_a_claim_and_leaves_its_line(database: Database, clock: FakeClock) -> None:
    """The author's draft stays, the own one has their words, journal and trail name both and none of the text."""
    case_id, ana, ben = forwarded_case(database, clock), reader(database), reader(database, "ben")
    claim_case(database, case_id, ana, LEASE)
    save_draft(database, case_id, ana, {"conclusion": "secret"}, 0, LEASE)
    with pytest.raises(AlreadyClaimed):  # its author still writes
        take_over_draft(database, case_id, ben, ana, LEASE)
    release_case(database, case_id, ana)
    assert take_over_draft(database, case_id, ben, ana, LEASE) == 1
    assert save_draft(database, case_id, ben, {"conclusion": "mine"}, 1, LEASE) == 2
    assert take_over_draft(database, case_id, ben, ana, LEASE) == 3
    with database.read() as session:
        assert session.get_one(Draft, (case_id, ana)).content == {"conclusion": "secret"}
        assert session.get_one(Draft, (case_id, ben)).content == {"conclusion": "secret"}
    assert case_row(database, case_id).claimed_by == ben
    [*_, line] = journal(database, 1, case_id)
    [*_, event] = audit_events(database, "draft taken over")
    assert (line.what, line.who, line.detail) == ("draft taken over", "ben", {"from": "ana", "version": 1})
    assert (event.who, event.subject, event.detail) == ("ben", f"case {case_id}", line.detail)
    for nobodys in (ben, 99):
        with pytest.raises(NotThere):
            take_over_draft(database, case_id, ben, nobodys, LEASE)


def test_a_signature_is_kept_with_its_digest_and_moves_the_case(database: Database, clock: FakeClock) -> None:
    """Row, journal and trail name the same digest, whatever the order of the answers; the claim is free."""
    case_id, ana = forwarded_case(database, clock), reader(database)
    claim_case(database, case_id, ana, LEASE)
    number = sign_report(database, case_id, ana, {"b": "ä", "a": 1})
    with database.read() as session:
        report = session.get_one(SignedReport, number)
    assert report.digest == hashlib.sha256('{"a":1,"b":"ä"}'.encode()).hexdigest()
    assert (report.signed_by, report.signer_login, report.signer_name) == (ana, "ana", "Ana")
    line, [event] = journal(database, 1, case_id)[-1], audit_events(database, "report signed")
    assert (line.what, line.reached, line.who) == ("signed", "REPORTED", "ana")
    assert line.detail == event.detail == {"digest": report.digest}
    case = case_row(database, case_id)
    assert (case.state, case.claimed_by, case.look_again_at) == (CaseState.REPORTED, None, clock.time)


def test_a_signature_killed_before_its_commit_never_was(
    sqlite: Database, clock: FakeClock, tmp_path: Path
) -> None:
    """Neither report, nor state, nor line; the reader signs again."""
    case_id, ana = forwarded_case(sqlite, clock), reader(sqlite)
    claim_case(sqlite, case_id, ana, LEASE)
    url = sqlite.url
    assert killed_at(
        "sign_report:before",
        tmp_path / "markers",
        lambda: sign_report(Database(url, clock), case_id, ana, {}),
    )
    assert case_row(sqlite, case_id).state == CaseState.FORWARDED
    assert audit_events(sqlite, "report signed") == []
    assert sign_report(sqlite, case_id, ana, {}) == 1


def test_parking_says_who_and_why_everywhere(database: Database, clock: FakeClock) -> None:
    """On the case, in its journal and in the trail; retrying clears it and says so too."""
    case_id = matched_case(database, clock)
    park_case(database, case_id, "ana", "wait for the call")
    assert case_row(database, case_id).problem == "Parked by ana: wait for the call"
    retry(database, "case", case_id, "ben")
    case = case_row(database, case_id)
    assert (case.problem, case.fix, case.attempts) == ("", "", 0)
    assert [(line.what, line.who) for line in journal(database, 1, case_id)][-2:] == [
        ("parked", "ana"),
        ("retried", "ben"),
    ]
    assert [event.action for event in audit_events(database)][-2:] == ["case parked", "case retried"]


@pytest.mark.parametrize("unit", ["case", "reply", "study"])
def test_what_is_not_there_cannot_be_retried(database: Database, unit: str) -> None:
    """The error names it."""
    with pytest.raises(NotThere, match=f"no {unit} 99"):
        retry(database, unit, 99, "ana")


def test_a_forgotten_patients_case_is_neither_parked_nor_retried(
    database: Database, clock: FakeClock
) -> None:
    """There is nothing left that could go on."""
    case_id = matched_case(database, clock)
    with database.write("test") as session:
        session.get_one(Case, case_id).forgotten_at = clock.time
    with pytest.raises(WrongState, match="forgotten"):
        park_case(database, case_id, "ana", "x")
    with pytest.raises(WrongState, match="forgotten"):
        retry(database, "case", case_id, "ana")


def test_a_report_that_is_taken_is_in_the_trail(database: Database) -> None:
    """Who, which case, in which form: it names the patient."""
    note_report_download(database, 7, "pdf", "carla")
    [event] = audit_events(database)
    assert (event.who, event.action, event.subject, event.detail) == (
        "carla",
        "report downloaded",
        "case 7",
        {"form": "pdf"},
    )
