"""Completeness on real records, with archives that count over real sockets."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydicom import Dataset

from dicom_nodes.directory import NodeDirectory
from gateway.pipeline.archive_counts import ArchiveCounts
from routing_rules.rule_files import rules_from_text
from support.engine import Bench, bench, scans
from support.nodes.peers import PretendPacs, free_port
from support.nodes.stow_server import StowServer
from support.records import journal

RULE = """
rules:
  - id: by-address
    title: Sent to the address for natalizumab
    when: {called_ae_title: {is: NATALIZUMAB}}
    completion: {quiet_s: 300, hard_cap_s: 3600, at_hard_cap: go_on}
"""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Bench]:
    """A bench whose rule waits five minutes for quiet and an hour at most."""
    with bench(tmp_path, RULE) as made:
        yield made


@pytest.fixture
def study() -> list[Dataset]:
    """All that the archive of the hospital has."""
    return scans()


@pytest.fixture
def pacs(study: list[Dataset]) -> Iterator[PretendPacs]:
    """The archive of the hospital."""
    with PretendPacs(headers=_headers(study)) as pretend:
        yield pretend


def _headers(study: Sequence[Dataset]) -> dict[str, tuple[str, str]]:
    return {
        str(dataset.SOPInstanceUID): (str(dataset.StudyInstanceUID), str(dataset.SeriesInstanceUID))
        for dataset in study
    }


def _node(name: str, port: int, roles: str, site: str = "hospital", ae_title: str = "PACS") -> str:
    return (
        f"  - {{name: {name}, kind: dimse, ae_title: {ae_title}, host: 127.0.0.1, port: {port}, "
        f"roles: [{roles}], site: {site}}}\n"
    )


def _knows(gateway: Bench, *nodes: str) -> None:
    directory = NodeDirectory.from_text("nodes:\n" + "".join(nodes))
    gateway.use(directory=lambda: directory)


def _one_cut(study: Sequence[Dataset]) -> list[Dataset]:
    """The study without the last image of its first series."""
    series = str(study[0].SeriesInstanceUID)
    last = [dataset for dataset in study if str(dataset.SeriesInstanceUID) == series][-1]
    return [dataset for dataset in study if dataset is not last]


def _without(study: Sequence[Dataset], word: str) -> list[Dataset]:
    return [dataset for dataset in study if word not in str(dataset.SeriesDescription).lower()]


def test_a_whole_study_waits_a_minute_and_not_five(
    gateway: Bench, pacs: PretendPacs, study: list[Dataset]
) -> None:
    """Its scanner sent it; the archive of the same site has all of it too, and is asked once."""
    scanner = _node("hospital-pacs", free_port(), "sender", ae_title="SCANNER")
    _knows(gateway, scanner, _node("archive", pacs.port, "archive"))
    study_id = gateway.keep(study)
    gateway.run(59)
    assert (gateway.study(study_id).state, pacs.proposals) == ("RECEIVED", [])
    gateway.run(2)
    because = gateway.study(study_id).completed_because
    assert because == (
        f"no new instance for 61 s, and all {len(study)} MR instances that archive counts are here"
    )
    assert len(pacs.proposals) == 1


@pytest.mark.parametrize("counts", [True, False])
def test_a_series_cut_short_waits_for_the_rest_until_the_cap(
    gateway: Bench, pacs: PretendPacs, study: list[Dataset], counts: bool
) -> None:
    """Every kind of series is here and all is quiet; one image is not. With or without stated numbers."""
    pacs.counts = counts
    _knows(gateway, _node("hospital-pacs", pacs.port, "sender, archive"))
    here = _one_cut(study)
    study_id = gateway.keep(here)
    for _ in range(58):
        gateway.run(60)
        assert gateway.study(study_id).state == "RECEIVED"
    waiting = gateway.study(study_id).waiting_for
    assert "hospital-pacs counts more instances (series " in waiting
    number = sum(str(one.SeriesInstanceUID) == str(study[0].SeriesInstanceUID) for one in study)
    assert f": {number - 1} of {number} are here)" in waiting
    assert len(pacs.proposals) <= 8, "asked at every look"
    gateway.run(130)
    assert "hard cap" in gateway.study(study_id).completed_because
    assert f"{number - 1} of {number}" in gateway.study(study_id).completed_because


def test_the_rest_ends_the_wait(gateway: Bench, pacs: PretendPacs, study: list[Dataset]) -> None:
    """A minute after the last image came, not with the next look that was planned."""
    _knows(gateway, _node("hospital-pacs", pacs.port, "sender, archive"))
    gateway.keep(_one_cut(study))
    gateway.run(1000)
    study_id = gateway.keep(study)
    gateway.run(61)
    gateway.run(1)
    assert gateway.study(study_id).state == "MATCHED"
    assert "all" in gateway.study(study_id).completed_because


def test_a_sender_of_chosen_series_is_not_waited_for(
    gateway: Bench, pacs: PretendPacs, study: list[Dataset]
) -> None:
    """A series that is not required and of which nothing came: complete when quiet, with both numbers."""
    extra = {f"2.25.99{number}": (str(study[0].StudyInstanceUID), "2.25.98") for number in range(9)}
    pacs.headers.update(extra)
    _knows(gateway, _node("hospital-pacs", pacs.port, "sender, archive"))
    study_id = gateway.keep(study)
    gateway.run(200)
    assert gateway.study(study_id).state == "RECEIVED"
    gateway.run(101)
    because = gateway.study(study_id).completed_because
    assert f"counts {len(study) + 9} MR instances, {len(study)} of them are here" in because


def test_the_count_of_the_sender_ends_the_wait_for_a_series_never_made(
    gateway: Bench, pacs: PretendPacs, study: list[Dataset]
) -> None:
    """It has no FLAIR either. That another archive has none yet proves nothing."""
    here = _without(study, "flair")
    pacs.headers = _headers(here)
    scanner = _node("scanner", free_port(), "sender", ae_title="SCANNER")
    _knows(gateway, scanner, _node("archive", pacs.port, "archive"))
    by_scanner = gateway.keep(here, node="scanner")
    gateway.run(301)
    assert "flair" in gateway.study(by_scanner).waiting_for
    _knows(gateway, _node("scanner", pacs.port, "sender, archive"))
    gateway.run(301)
    because = gateway.study(by_scanner).completed_because
    assert f"all {len(here)} MR instances that scanner counts are here" in because


def test_another_sites_archive_is_not_asked(gateway: Bench, pacs: PretendPacs, study: list[Dataset]) -> None:
    """What it has is nobody's business here."""
    _knows(gateway, _node("elsewhere", pacs.port, "archive", site="other"))
    study_id = gateway.keep(_one_cut(study))
    gateway.run(301)
    assert "no required series is missing" in gateway.study(study_id).completed_because
    assert pacs.proposals == []


def test_a_rule_may_have_nobody_asked(gateway: Bench, pacs: PretendPacs, study: list[Dataset]) -> None:
    """`ask_pacs: false`: quiet and the required series are enough."""
    rules = rules_from_text(RULE.replace("quiet_s: 300", "ask_pacs: false, quiet_s: 300"))
    gateway.use(rules=lambda: rules)
    _knows(gateway, _node("hospital-pacs", pacs.port, "sender, archive"))
    study_id = gateway.keep(_one_cut(study))
    gateway.run(301)
    assert gateway.study(study_id).state == "MATCHED"
    assert pacs.proposals == []


def test_a_dead_archive_holds_nothing_up(gateway: Bench, study: list[Dataset]) -> None:
    """It refuses connections: the study is complete as if there were none, after the quiet time."""
    _knows(gateway, _node("hospital-pacs", free_port(), "sender, archive"))
    study_id = gateway.keep(_one_cut(study))
    gateway.run(61)
    assert gateway.study(study_id).state == "RECEIVED"
    gateway.run(240)
    assert "no required series is missing" in gateway.study(study_id).completed_because


@pytest.mark.parametrize("restarted", [False, True])
def test_an_archive_that_dies_is_believed_about_what_it_said(
    gateway: Bench, pacs: PretendPacs, study: list[Dataset], restarted: bool
) -> None:
    """It counted one image more than is here, and is silent since: the study waits, also after a restart of ours."""
    _knows(gateway, _node("hospital-pacs", pacs.port, "sender, archive"))
    study_id = gateway.keep(_one_cut(study))
    gateway.run(61)
    [said] = gateway.study(study_id).archive_counts.values()
    assert sum(said["series"].values()) == len(study)
    pacs.__exit__()
    if restarted:
        gateway.use(archive_counts=ArchiveCounts())
    gateway.run(900)
    assert gateway.study(study_id).state == "RECEIVED"
    assert gateway.study(study_id).archive_counts == {"hospital-pacs": said}
    gateway.run(3600)
    assert "hard cap" in gateway.study(study_id).completed_because
    [line] = [one for one in journal(gateway.context.database) if "archive" in one.detail]
    assert (line.detail["archive"], line.detail["archive counted at"]) == ("hospital-pacs", said["asked_at"])


def test_an_archive_that_hangs_costs_one_look_and_not_every_study(gateway: Bench) -> None:
    """After one time-out it is left alone, and the other studies of the site go on."""
    settings = gateway.context.settings.model_copy(
        update={"dicom": gateway.context.settings.dicom.model_copy(update={"timeout": 1.0})}
    )
    with PretendPacs(counts=True) as silent:
        gateway.use(settings=settings)
        silent.headers = SimpleNamespace(values=lambda: time.sleep(2) or ())  # type: ignore[assignment]
        _knows(gateway, _node("hospital-pacs", silent.port, "sender, archive"))
        numbers = [
            gateway.keep(scans(PatientID=f"P{n}", AccessionNumber=f"A{n}", StudyInstanceUID=f"2.25.7{n}")[:2])
            for n in range(4)
        ]
        gateway.run(61)
        assert len(silent.proposals) == 1
    assert {gateway.study(number).state for number in numbers} == {"RECEIVED"}


def test_an_archive_may_speak_dicomweb(gateway: Bench, study: list[Dataset]) -> None:
    """One of the site that is asked by QIDO-RS and states the number of the study only."""
    node = "  - {{name: web, kind: dicomweb, url: '{}', roles: [archive], site: hospital}}\n"
    with StowServer(series=[None], study=[f"{len(study)}.0"]) as server:
        _knows(gateway, node.format(server.url))
        study_id = gateway.keep(_one_cut(study))
        gateway.run(301)
        assert f"the study: {len(study) - 1} of {len(study)} are here" in gateway.study(study_id).waiting_for
        gateway.keep(study)
        gateway.run(61)
    because = gateway.study(study_id).completed_because
    assert f"all {len(study)} instances that web counts are here" in because
