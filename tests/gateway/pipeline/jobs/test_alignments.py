"""A prior is laid over its case by a process of its own, whatever becomes of that."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update
from sqlmodel import col, select

from gateway.pipeline.jobs import alignments
from gateway.records.database import Database
from gateway.records.tables.cases import Case
from gateway.records.tables.pictures import CaseAlignment
from gateway.records.tables.studies import Identity, Study
from score.alignment import error_mm
from support.crashes import killed_at
from support.pictures import make, put, slices, worker
from support.planted import Visit, between, volume
from support.web_gateway import WebGateway, running

HERE = Visit(spacing=(2.0, 2.0), noise=10.0)
BEFORE = Visit(spacing=(2.0, 2.0), noise=10.0, motion=(3.0, -4.0, 8.0, 4.0, -5.0, 3.0))


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebGateway]:
    """A gateway of its own."""
    with running(tmp_path) as made:
        made.add("reader", "reader")
        yield made


def case_of(web: WebGateway, visit: Visit, day: str, noise: int) -> int:
    """A case with the FLAIR of a visit."""
    drawn = volume(4, visit, noise_seed=noise)
    affine = np.asarray(drawn.affine)
    made = slices(
        np.clip(drawn.array, 0, 4000).astype(np.uint16),
        PixelSpacing=[2.0, 2.0],
        SliceThickness=2.0,
        ImagePositionPatient=lambda at: [float(each) for each in affine[:, 3] + at * affine[:, 2]],
    )
    case_id = web.case(series=[{"series_number": 1, "kind": "flair"}])
    put(web, case_id, made)
    make(web, case_id)
    with web.database.write("test") as session:
        if session.get(Identity, 1) is None:
            session.add(
                Identity(
                    patient_hash="h",
                    pseudonym="p",
                    scheme=2,
                    site="north",
                    sealed=b"x",
                    key_id="k",
                    created_at=datetime.now(UTC),
                )
            )
            session.flush()
        study_id = session.get_one(Case, case_id).study_id
        session.execute(update(Study).where(col(Study.id) == study_id).values(study_date=day))
        session.execute(update(Case).where(col(Case.id) == case_id).values(identity_id=1))
    return case_id


@pytest.fixture
def present(web: WebGateway) -> int:
    """The later of two cases of a patient."""
    case_of(web, BEFORE, "20250101", 1)
    return case_of(web, HERE, "20250601", 2)


def told(web: WebGateway, case_id: int) -> Any:
    """What the viewer is told of the prior."""
    [prior] = web.client("reader").get(f"/api/cases/{case_id}/reading").json()["priors"]
    return prior["alignment"]


def test_the_viewer_gets_the_motion_with_its_residual(web: WebGateway, present: int) -> None:
    """Once; a second look finds nothing to do."""
    assert told(web, present) == {"state": "none"}
    assert alignments.align_one(worker(web))
    assert not alignments.align_one(worker(web))
    alignment = told(web, present)
    assert alignment["state"] == "aligned", alignment["why"]
    assert alignment["residual_mm"] < 0.6
    assert error_mm(alignment["transform"], between(BEFORE, HERE)) < 0.8


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import os; os.abort()", "without an answer"),
        ("print('no JSON')", "without an answer"),
        ('print(\'{"transform": null, "residual_mm": null, "why": ""}\')', "without an answer"),
        ("import time; time.sleep(60)", "longer than"),
    ],
)
def test_a_process_that_fails_is_told_and_harms_nobody(
    web: WebGateway, present: int, monkeypatch: pytest.MonkeyPatch, program: str, why: str
) -> None:
    """The case waits for its reader as before."""
    monkeypatch.setattr(alignments, "_PROGRAM", (sys.executable, "-c", program))
    monkeypatch.setattr(alignments, "_SECONDS", 2)
    assert alignments.align_one(worker(web))
    alignment = told(web, present)
    assert (alignment["state"], alignment["transform"]) == ("failed", None)
    assert why in alignment["why"]
    assert web.client("reader").get(f"/cases/{present}").status_code == 200


def test_no_role_loads_what_aligns() -> None:
    """It takes more memory than a role has: only the process that aligns has it."""
    program = (
        "import sys, gateway.assembly.worker, gateway.assembly.web;"
        "sys.exit(bool({'SimpleITK', 'nibabel'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], check=False)
    assert done.returncode == 0


POINTS = [
    f"{name}:{when}"
    for name in ("want_alignments", "claim_alignment", "keep_alignment")
    for when in ("before", "after")
]


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_commit_point_the_prior_is_laid_over_all_the_same(
    web: WebGateway, present: int, tmp_path: Path, point: str
) -> None:
    """`kill -9` there, a lease later the next worker: one outcome, and nothing left to do."""

    def killed() -> None:
        own = Database(web.database.url)
        context = worker(web)
        context.database = own  # type: ignore[misc]
        while alignments.align_one(context):
            pass

    assert killed_at(point, tmp_path / "markers", killed)
    with web.database.write("test") as session:
        session.execute(update(CaseAlignment).values(lease_until=datetime(2020, 1, 1, tzinfo=UTC)))
    while alignments.align_one(worker(web)):
        pass
    assert told(web, present)["state"] == "aligned"
    with web.database.read() as session:
        [row] = session.exec(select(CaseAlignment))
        assert row.attempts <= 2
