"""`[study] corrections = take`: a correction by the site's archive stands by itself, and nothing else does."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from dicom_nodes.directory import NodeDirectory
from gateway.settings import Settings
from support.conflicts import case, state
from support.engine import Bench, scans
from support.patients import sign
from support.records import audit_events

REAL = {"PatientID": "REAL-7", "PatientName": "Right^Rita"}
NODES = """
nodes:
  - {name: hospital-pacs, kind: dimse, ae_title: H, host: 127.0.0.1, port: 11, roles: [sender, archive], site: hospital}
  - {name: scanner, kind: dimse, ae_title: S, host: 127.0.0.1, port: 12, roles: [sender], site: hospital}
  - {name: other-pacs, kind: dimse, ae_title: O, host: 127.0.0.1, port: 13, roles: [sender, archive], site: other}
"""


@pytest.fixture
def taking(pipeline: Bench) -> Bench:
    """A bench whose settings take corrections."""
    directory = NodeDirectory.from_text(NODES)
    values = {
        "study": {"quiet_period": 60, "settle": 30, "corrections": "take"},
        "storage": {"min_free_mb": 0},
    }
    pipeline.use(settings=Settings.model_validate(values), directory=lambda: directory)
    return pipeline


def again(bench: Bench, datasets: list[Dataset], node: str = "hospital-pacs") -> None:
    """The study is in the queue, and these are sent then."""
    bench.keep(scans())
    bench.run(61)
    bench.keep(datasets, node=node)
    bench.run()
    bench.run(31)


def test_a_whole_correction_stands_by_itself(taking: Bench) -> None:
    """The case begins again under the corrected identity; the audit trail says that the gateway did it, and why."""
    again(taking, scans(**REAL))
    assert (state(taking), case(taking).state) == ("SETTLED", "FORWARDED")
    [event] = audit_events(taking.context.database, "conflict decided")
    assert event.who == "gateway"
    assert "corrections = take" in event.detail["why"]


def test_a_correction_that_trickles_in_is_waited_for(taking: Bench) -> None:
    """Nothing is asked while the archive is still sending."""
    study = scans(**REAL)
    taking.keep(scans())
    taking.run(61)
    taking.keep(study[:3])
    taking.run()
    taking.run(10)
    assert state(taking) == "RECEIVED"
    taking.keep(study[3:])
    taking.run()
    assert state(taking) == "SETTLED"


@pytest.mark.parametrize("node", ["scanner", "other-pacs", "unknown"])
def test_only_an_archive_of_the_site_is_taken_at_its_word(taking: Bench, node: str) -> None:
    """A scanner, another site's archive, a node that is gone: a lead is asked."""
    again(taking, scans(**REAL), node)
    assert state(taking) == "CONTESTED"


def test_a_part_of_the_study_is_asked_about(taking: Bench) -> None:
    """When the archive is silent and some objects did not come again."""
    again(taking, scans(**REAL)[:-1])
    assert state(taking) == "CONTESTED"


def test_other_pixels_are_asked_about(taking: Bench) -> None:
    """Nothing but an identity is taken."""
    study = scans(**REAL)
    study[0].PixelData = bytes(len(study[0].PixelData))
    again(taking, study)
    assert state(taking) == "CONTESTED"


def test_nothing_is_taken_after_the_signature(taking: Bench) -> None:
    """Whose words they are, a person decides."""
    taking.keep(scans())
    taking.run(61)
    sign(taking, 1)
    taking.keep(scans(**REAL))
    taking.run()
    taking.run(31)
    assert state(taking) == "CONTESTED"
