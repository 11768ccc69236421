"""Two studies of one patient that can be laid over one another."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from sqlmodel import col

from gateway.records.database import Database
from gateway.records.ledger import Wanted
from gateway.records.tables.cases import Case
from gateway.records.tables.pictures import CasePictures
from gateway.records.tables.studies import Identity, Study
from support.records import FakeClock, forwarded_case


@pytest.fixture
def pair(database: Database, clock: FakeClock) -> Wanted:
    """A case and its prior, of one patient, both with pictures."""
    prior, case = (forwarded_case(database, clock, study=f"1.2.{n}") for n in (1, 2))
    with database.write("test") as session:
        now = database.now(session)
        session.add(
            Identity(
                patient_hash="h",
                pseudonym="p",
                scheme=2,
                site="hospital",
                sealed=b"x",
                key_id="k",
                created_at=now,
            )
        )
        session.flush()
        for number, day in ((prior, "20260101"), (case, "20260401")):
            row = session.get_one(Case, number)
            row.identity_id = 1
            row.series = [{"series_number": 1, "kind": "flair"}]
            session.execute(update(Study).where(col(Study.id) == row.study_id).values(study_date=day))
            pictures = session.get(CasePictures, number) or CasePictures(
                case_id=number, look_again_at=now, wanted_at=now
            )
            pictures.state, pictures.version = "made", f"v{number}"
            session.add(pictures)
    return Wanted(case, prior, f"v{case}", f"v{prior}", "flair")
