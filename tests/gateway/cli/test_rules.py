"""`gateway rules ...`: check, test, replay, publish, history and rollback, with their exit statuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from gateway.assembly.gateway import open_gateway
from gateway.records.database import Database
from gateway.records.tables.administration import AuditEvent
from gateway.records.tables.studies import Study
from gateway.settings import Settings
from routing_rules.facts import StudyFacts
from support.command_line import Command, command

__all__ = ["command"]

RULE = """rules:
  - id: {0}
    title: A rule
    priority: {1}
    when: {{modalities: {{is: {2}}}}}
"""
TEST = "tests:\n  - {{name: MR goes there, facts: {{modalities: MR}}, expect: {0}}}\n"


def write(folder: Path, name: str, text: str) -> Path:
    """A folder with one rule file."""
    place = folder / name
    place.mkdir(exist_ok=True)
    (place / "rules.yaml").write_text(text)
    return place


@pytest.fixture
def database(command: Command) -> Database:
    """The records of a fresh gateway."""
    command("init", ".")
    command("migrate")
    return Database("sqlite:///gateway-data/gateway.sqlite")


def received(database: Database, number: int, *modalities: str, days: int = 1) -> None:
    """A study that was routed some days ago."""
    with database.write("test") as session:
        now = datetime.now(UTC).replace(tzinfo=UTC)
        at = datetime.fromtimestamp(now.timestamp() - 86_400 * days, UTC)
        session.add(
            Study(
                site="north",
                sender="pacs",
                calling_ae_title="PACS",
                called_ae_title="GATEWAY",
                address="192.0.2.1",
                received_by="c-store",
                study_instance_uid=f"1.2.{number}",
                first_instance_at=at,
                last_instance_at=at,
                look_again_at=at,
                state="UNMATCHED",
                facts=StudyFacts(modalities=modalities, study_description="MRI head").to_json(),
            )
        )


def test_check_names_shadowed_rules_with_file_and_line(command: Command, tmp_path: Path) -> None:
    """A rule that is never reached is a mistake (status 1); an overlap is told, and is none."""
    text = RULE.format("a", 1, "MR") + RULE.format("b", 2, "MR").removeprefix("rules:\n")
    code, said = command("rules", "check", write(tmp_path, "x", text))
    assert code == 1
    assert "rules.yaml:6: shadowed: b is never chosen" in said
    code, said = command(
        "rules", "check", "--json", write(tmp_path, "y", text.replace("is: MR", "is: CT", 1))
    )
    assert (code, [row["finding"] for row in json.loads(said)]) == (0, ["overlap"])


def test_the_example_has_overlaps_but_no_mistake(command: Command) -> None:
    """What init writes is sound."""
    command("init", ".")
    assert command("rules", "check", "rules")[0] == 0


def test_test_says_why_a_test_failed(command: Command, tmp_path: Path) -> None:
    """A failed test is status 1, with the condition that was missing."""
    folder = write(tmp_path, "x", RULE.format("a", 1, "CT") + TEST.format("a"))
    code, said = command("rules", "test", folder)
    assert code == 1
    assert "FAILED MR goes there: expected a, matched None; missing: ✗ modalities is CT (found: MR)" in said


def test_replay_lists_what_would_change(command: Command, database: Database, tmp_path: Path) -> None:
    """Stored studies are tried on the draft; older ones are left out; nothing is changed."""
    received(database, 1, "MR")
    received(database, 2, "CT")
    received(database, 3, "MR", days=60)
    draft = write(
        tmp_path,
        "draft",
        RULE.format("any-mr", 1, "MR") + "  - {id: never, title: N, when: {site: {is: x}}}\n",
    )
    code, said = command("rules", "replay", "--draft", draft, "--since", "30d")
    assert code == 0
    assert "2 studies, 1 would be routed otherwise." in said
    assert "now routed" in said
    assert "Never chosen: never." in said
    code, said = command("rules", "replay", "--draft", draft, "--since", "90d", "--json", "--fail-on-change")
    answer = json.loads(said)
    assert (code, answer["studies"], answer["changed"]) == (1, 3, 2)
    assert answer["changes"][0]["after"][0]["rule_id"] == "any-mr"
    assert command("rules", "replay", "--draft", draft, "--since", "2026-01-01")[0] == 0


def test_replay_refuses_a_time_it_does_not_understand(
    command: Command, database: Database, tmp_path: Path
) -> None:
    """A wrong --since is refused with examples."""
    draft = write(tmp_path, "draft", RULE.format("a", 1, "MR"))
    code, said = command("rules", "replay", "--draft", draft, "--since", "lately")
    assert code == 1
    assert "30d, 12h, 2w" in said
    assert database.is_sqlite


def test_publish_history_and_rollback(command: Command, database: Database, tmp_path: Path) -> None:
    """A running worker takes up what is published at its next look, and what is rolled back; both are audited."""
    worker = open_gateway(Settings())
    before = worker.rules().fingerprint
    assert "itself is in force" in command("rules", "history")[1]
    draft = write(tmp_path, "draft", RULE.format("any-mr", 1, "MR") + TEST.format("any-mr"))
    assert command("rules", "publish", draft, "--note", "trial")[0] == 0
    assert [rule.id for rule in worker.rules().rules] == ["any-mr"]
    rows = json.loads(command("rules", "history", "--json")[1])
    assert [(row["number"], row["note"], row["in_force"]) for row in rows] == [
        (1, "in force before the first publication", False),
        (2, "trial", True),
    ]
    assert rows[0]["fingerprint"] == before
    assert command("rules", "rollback", "1")[0] == 0
    assert worker.rules().fingerprint == before
    assert command("rules", "rollback", "7")[0] == 1
    with database.read() as session:
        events = [(event.action, event.subject) for event in session.exec(select(AuditEvent))]
    assert events == [("rules published", "rules version 2"), ("rules rolled back", "rules version 1")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULE.format("a", 1, "CT") + TEST.format("a"), "nothing was published"),
        (RULE.format("a", 1, "MR") + RULE.format("b", 2, "MR").removeprefix("rules:\n"), "never chosen"),
        ("rules: 1\n", "1 problem"),
    ],
)
def test_rules_that_are_wrong_are_not_published(
    command: Command, tmp_path: Path, text: str, said: str
) -> None:
    """A failing test, a shadowed rule or a broken file keep the rules in force as they are."""
    command("init", ".")
    code, printed = command("rules", "publish", write(tmp_path, "draft", text))
    assert code == 1
    assert said in printed
    assert not (tmp_path / "rules.versions").exists()
