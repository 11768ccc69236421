"""Studies as they were when they were routed, for draft rules to be tried on."""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.tables.studies import Study
from gateway.records.views.rule_replay import studies_since
from routing_rules.facts import StudyFacts
from support.records import QUIET, FakeClock, new_instance


def _study(database: Database, clock: FakeClock, study: str, facts: StudyFacts | None) -> datetime:
    number = ledger.keep_instance(database, new_instance(study=study), QUIET)
    if facts is not None:
        with database.write("test") as session:
            session.get_one(Study, number).facts = facts.to_json()
    clock.pass_seconds(3600)
    return clock.time - timedelta(hours=1)


def test_studies_are_given_oldest_first_from_a_moment_on(database: Database, clock: FakeClock) -> None:
    """The moment itself counts; one whose facts nobody has read yet has none to try rules on."""
    facts = StudyFacts(site="hospital", modalities=("MR",), field_strength_t=3.0)
    _study(database, clock, "1.1", facts)
    since = _study(database, clock, "1.2", facts)
    _study(database, clock, "1.3", None)
    _study(database, clock, "1.4", facts)
    with database.read() as session:
        found = studies_since(session, since)
    assert [(study.name, study.site, study.facts) for study in found] == [
        ("study 2", "hospital", facts),
        ("study 4", "hospital", facts),
    ]
    assert found[0].received_at == since
    assert found[0].received_at.tzinfo is not None
