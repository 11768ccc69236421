"""The facts of a study, read from its headers by one process or by several."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import GatewayError
from gateway.pipeline import cores
from gateway.pipeline.cores import Cores
from gateway.pipeline.steps import facts
from gateway.records.tables.studies import Study
from gateway.records.views import case_rows
from support.engine import ONE_CORE, Bench, bench
from support.web_gateway import phantom


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Two processes, whatever the size of a study."""
    monkeypatch.setattr(cores, "_LEAST_SHARE_BYTES", 1)
    two = Cores(2)
    with bench(tmp_path, cores=two) as made:
        yield made
    two.close()


def _study(pipeline: Bench) -> Study:
    with pipeline.context.database.read() as session:
        return case_rows.study(session, 1)


def _damage(pipeline: Bench, number: int) -> None:
    """Cut an original short, as a failing disk would."""
    with pipeline.context.database.read() as session:
        blob = case_rows.instances(session, 1)[number].blob
    path = pipeline.context.blobs.path(blob)
    path.write_bytes(path.read_bytes()[:100])


def test_two_processes_find_what_one_finds(pipeline: Bench) -> None:
    """The same facts, patient, hashes and day, with one object that nobody can read."""
    pipeline.keep(phantom())
    _damage(pipeline, 3)
    alone = replace(pipeline.context, cores=ONE_CORE)
    found = facts.of_study(pipeline.context, _study(pipeline))
    assert found == facts.of_study(alone, _study(pipeline))
    assert sum(series.instances for series in found.facts.series) == len(phantom()) - 1
    assert found.patients == 1


def test_a_study_of_which_nothing_can_be_read_asks_a_person(pipeline: Bench) -> None:
    """No facts, but the problem with its fix."""
    pipeline.keep(phantom())
    for number in range(len(phantom())):
        _damage(pipeline, number)
    with pytest.raises(GatewayError, match="can be read") as told:
        facts.of_study(pipeline.context, _study(pipeline))
    assert "send the study again" in told.value.fix


def test_facts_of_a_version_that_knew_no_stacks_are_read_again(pipeline: Bench) -> None:
    """What was kept counts as long as it says where images lie; else the headers are read once more."""
    pipeline.keep(phantom())
    known = facts.of_study(pipeline.context, _study(pipeline))
    study = _study(pipeline)
    for name, value in known.columns(study).items():
        setattr(study, name, value)
    study.facts = {**study.facts, "study_description": "as it was kept"}
    assert facts.of_study(pipeline.context, study).facts.study_description == "as it was kept"
    earlier = [{name: one[name] for name in one if name != "stacks"} for one in study.facts["series"]]
    study.facts = {**study.facts, "series": earlier}
    again = facts.of_study(pipeline.context, study).facts
    assert again.study_description == known.facts.study_description
    assert all(one.stacks for one in again.series)
