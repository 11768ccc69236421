"""What pages, commands and steps read of a case: as the viewer may see it, and only what counts."""

from __future__ import annotations

from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.database import Database
from gateway.records.identities.vault import Vault
from gateway.records.ledger.node_responses import keep_deliveries
from gateway.records.step_record import NewDelivery
from gateway.records.tables.cases import Case, SignedReport
from gateway.records.tables.studies import ForgottenPatient, Identity, Study
from gateway.records.views import case_rows
from gateway.records.views.queue import queue
from support.records import (
    EVERYBODY,
    LEASE,
    QUIET,
    FakeClock,
    commitment,
    forwarded_case,
    keep_identities,
    matched_case,
    new_instance,
    reader,
    sealed,
)


def test_a_viewer_of_a_site_sees_only_its_cases(database: Database, clock: FakeClock) -> None:
    """Another site's viewer gets an empty queue and no page."""
    case_id = forwarded_case(database, clock)
    stranger = Viewer(9, "x", "x", "coordinator", "elsewhere")
    with database.read() as session:
        assert queue(session, stranger, "open", 1, database.now(session)).rows == ()
        assert case_rows.case_page(session, stranger, case_id) is None
        assert [row.id for row in queue(session, EVERYBODY, "open", 1, database.now(session)).rows] == [
            case_id
        ]


def test_a_page_has_all_that_is_known_of_its_case(database: Database, clock: FakeClock) -> None:
    """Who holds it, the draft or the report, how each object fared, and the journal, oldest first."""
    case_id, ana = forwarded_case(database, clock), reader(database)
    ledger.claim_case(database, case_id, ana, LEASE)
    ledger.save_draft(database, case_id, ana, {"a": 1}, 0, LEASE)
    with database.write("test") as session:
        answer = NewDelivery("forward", "reading-site", "2.25.1", "accepted", 0, "stored")
        keep_deliveries(session, case_id, [answer], clock.time)
    with database.read() as session:
        page = case_rows.case_page(session, Viewer(ana, "ana", "Ana", "reader", ""), case_id)
        others = case_rows.case_page(session, EVERYBODY, case_id)
        assert case_rows.case_page(session, EVERYBODY, 99) is None
    assert page is not None
    assert (page.row.claimed_by_name, page.report) == ("Ana", None)
    assert (page.draft, page.left_drafts) == (case_rows.DraftRow(1, {"a": 1}, clock.time), ())
    assert others is not None
    assert (others.draft, others.left_drafts) == (None, (case_rows.LeftDraft(ana, "Ana", clock.time),))
    assert page.deliveries == (
        case_rows.DeliveryRow("forward", "reading-site", "accepted", 0, "stored", clock.time),
    )
    assert (page.journal[0].what, page.journal[-1].what) == ("first instance received", "claimed")


def test_the_newest_signature_is_the_report(sqlite: Database, clock: FakeClock) -> None:
    """None while nobody has signed."""
    case_id, ana = forwarded_case(sqlite, clock), reader(sqlite)
    with sqlite.read() as session:
        assert case_rows.signed_report(session, case_id) is None
    with sqlite.write("test") as session:
        for version in (1, 3, 2):
            session.add(
                SignedReport(
                    case_id=case_id,
                    version=version,
                    content={"version": version},
                    digest="d",
                    signed_by=ana,
                    signer_name="Ana",
                    signer_login="ana",
                    signed_at=clock.time,
                )
            )
    with sqlite.read() as session:
        report = case_rows.signed_report(session, case_id)
    assert report is not None
    assert (report.version, report.content) == (3, {"version": 3})


def test_of_two_versions_the_one_in_force_is_read(sqlite: Database) -> None:
    """In order of arrival."""
    for number, digest in ((2, None), (1, None), (2, "f" * 64)):
        ledger.keep_instance(sqlite, new_instance(number, digest=digest), QUIET)
    with sqlite.read() as session:
        assert [row.sop_instance_uid for row in case_rows.instances(session, 1)] == ["1.2.3.1.2", "1.2.3.1.1"]


def test_what_a_node_has_is_what_it_took(sqlite: Database, clock: FakeClock) -> None:
    """With a warning too; what it refused, or another node took, is sent again."""
    case_id = matched_case(sqlite, clock)
    with sqlite.write("test") as session:
        keep_deliveries(
            session,
            case_id,
            [
                NewDelivery("forward", node, uid, outcome, 0, "")
                for node, uid, outcome in (
                    ("a", "2.25.1", "accepted"),
                    ("a", "2.25.2", "warning"),
                    ("a", "2.25.3", "refused"),
                    ("b", "2.25.4", "accepted"),
                )
            ],
            clock.time,
        )
    with sqlite.read() as session:
        assert case_rows.delivered(session, case_id, "forward", "a") == {"2.25.1", "2.25.2"}
        assert case_rows.delivered(session, case_id, "return", "a") == frozenset()


def test_only_answers_to_what_was_asked_are_found(sqlite: Database) -> None:
    """By the transactions of the case."""
    commitment(sqlite, "2.25.1", "pacs", ("1.9",))
    with sqlite.read() as session:
        assert [row.transaction_uid for row in case_rows.commitments(session, ["2.25.1", "2.25.2"])] == [
            "2.25.1"
        ]
        assert case_rows.commitments(session, []) == []


def test_other_studies_of_the_patient_are_priors(sqlite: Database, clock: FakeClock, vault: Vault) -> None:
    """Each once, the case's own not among them; and of nobody else."""
    keep_identities(sqlite, sealed(vault, 1), sealed(vault, 2))
    for study, identity in (("1.1", 1), ("1.2", 1), ("1.3", 2)):
        case_id = matched_case(sqlite, clock, study)
        with sqlite.write("test") as session:
            case = session.get_one(Case, case_id)
            case.identity_id = session.get_one(Identity, identity).id
            case.problem = "out of the way"
    with sqlite.read() as session:
        assert case_rows.other_studies(session, case_rows.case(session, 1)) == {2: (2,)}
        assert case_rows.other_studies(session, case_rows.case(session, 3)) == {}
        assert (case_rows.identity_id(session, "hash 1"), case_rows.identity_id(session, "hash 9")) == (
            1,
            None,
        )


def test_links_are_looked_for_at_the_same_site(sqlite: Database) -> None:
    """A number of another hospital is another number; without an accession number nothing is linked by it."""
    for study, site, patient, accession in (
        ("1.1", "north", "p", "a"),
        ("1.2", "north", "p", ""),
        ("1.3", "north", "q", "a"),
        ("1.4", "south", "p", "a"),
    ):
        number = ledger.keep_instance(sqlite, new_instance(study=study, site=site), QUIET)
        with sqlite.write("test") as session:
            row = session.get_one(Study, number)
            row.patient_hash, row.accession_hash = patient, accession
    with sqlite.read() as session:
        same_patient, same_number = case_rows.linked(session, case_rows.study(session, 1), "p", ["a"])
        assert ([row.id for row in same_patient], [row.id for row in same_number]) == ([2], [3])
        assert case_rows.linked(session, case_rows.study(session, 2), "p", [])[1] == []


def test_a_forgotten_patient_is_known_by_the_mark(sqlite: Database, clock: FakeClock) -> None:
    """With the day, for the page that says so."""
    with sqlite.write("test") as session:
        session.add(ForgottenPatient(patient_hash="hash", site="north", forgotten_at=clock.time))
    with sqlite.read() as session:
        assert case_rows.is_forgotten(session, "hash") == clock.time
        assert case_rows.is_forgotten(session, "other") is None


def test_lists_are_in_the_order_people_look_for(sqlite: Database, clock: FakeClock) -> None:
    """Refusals newest first, with an end; accounts by login."""
    for login in ("ben", "ana"):
        reader(sqlite, login)
    for number in range(3):
        ledger.refuse(sqlite, ledger.NewRefusal(f"STRANGER{number}", "10.0.0.1", "unknown", ""))
        clock.pass_seconds(1)
    with sqlite.read() as session:
        assert [row.login for row in case_rows.accounts(session)] == ["ana", "ben"]
        assert [row.calling_ae_title for row in case_rows.refusals(session, 2)] == ["STRANGER2", "STRANGER1"]
