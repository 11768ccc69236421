"""What was turned away is counted, and the rows stay few whatever comes."""

from __future__ import annotations

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.refusals import MOST_OF_A_NODE, MOST_OF_STRANGERS
from gateway.records.tables.administration import Refusal
from gateway.records.views import case_rows
from support.records import FakeClock


def rows(database: Database) -> list[Refusal]:
    """What the screen shows."""
    with database.read() as session:
        return case_rows.refusals(session)


def test_equal_refusals_are_counted(database: Database) -> None:
    """One line with a number, not a thousand lines; of several at once all count."""
    for times in (1, 1, 5):
        ledger.refuse(
            database, ledger.NewRefusal("STRANGER", "10.0.0.9", "unknown", "add a node", times=times)
        )
    [row] = rows(database)
    assert (row.times, row.fix) == (7, "add a node")


def test_strangers_share_an_allowance_of_rows(database: Database) -> None:
    """Whatever titles and addresses they choose; the rest is counted in one row, and known senders keep theirs."""
    for number in range(MOST_OF_STRANGERS + 30):
        ledger.refuse(database, ledger.NewRefusal(f"S{number}", f"10.0.0.{number}", "unknown", "add a node"))
    ledger.refuse(database, ledger.NewRefusal("SCANNER", "10.1.0.1", "a class", "a setting", node="hospital"))
    ledger.refuse(database, ledger.NewRefusal("S5", "10.0.0.5", "unknown", "add a node"))
    shown = rows(database)
    assert len(shown) == MOST_OF_STRANGERS + 2
    assert shown[0].node == "hospital"
    [others] = [row for row in shown if row.why.startswith("Other callers")]
    assert others.times == 30
    assert next(row for row in shown if row.calling_ae_title == "S5").times == 2


def test_the_reasons_of_a_node_are_bounded(database: Database) -> None:
    """A sender that proposes ever new classes fills its own rows, nobody else's; long texts are cut."""
    for number in range(MOST_OF_A_NODE + 5):
        ledger.refuse(database, ledger.NewRefusal("A", "10.1.0.1", f"class {number}", "", node="one"))
    ledger.refuse(database, ledger.NewRefusal("B", "10.1.0.2", "x" * 9000, "", node="two"))
    assert [sum(row.node == node for row in rows(database)) for node in ("one", "two")] == [
        MOST_OF_A_NODE + 1,
        1,
    ]
    assert max(len(row.why) for row in rows(database)) <= 500


def test_a_refusal_says_what_to_do_now(database: Database, clock: FakeClock) -> None:
    """The newest fix is shown; another address or reason is another line."""
    ledger.refuse(database, ledger.NewRefusal("STRANGER", "10.0.0.9", "unknown caller", "add a node"))
    clock.pass_seconds(60)
    ledger.refuse(
        database, ledger.NewRefusal("STRANGER", "10.0.0.9", "unknown caller", "add it to nodes.yaml")
    )
    ledger.refuse(database, ledger.NewRefusal("STRANGER", "10.0.0.8", "unknown caller", "add a node"))
    with database.read() as session:
        rows = {row.address: row for row in case_rows.refusals(session)}
    assert (rows["10.0.0.9"].times, rows["10.0.0.9"].fix) == (2, "add it to nodes.yaml")
    assert (rows["10.0.0.9"].last_at - rows["10.0.0.9"].first_at).total_seconds() == 60
    assert rows["10.0.0.8"].times == 1
