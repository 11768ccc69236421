"""One way to talk to a node, whatever it speaks: associations and DICOMweb behave alike for who calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydicom.uid import MRImageStorage

from dicom_nodes.commitment import InstanceReference
from dicom_nodes.node import DicomWebNode, Node, Role
from dicom_nodes.outcomes import InstanceOutcome, Outcome
from dicom_nodes.sender import count_mr, echo, holds, store
from dicom_nodes.web import stow_upload
from support.nodes.peers import HERE, PretendPacs, free_port, node
from support.nodes.stow_server import StowServer
from support.objects.dicom_files import STUDY, mr_file


class _Stop(Exception):
    """Of who listens to the outcomes."""


@contextmanager
def archive(kind: str) -> Iterator[tuple[Node, PretendPacs | StowServer]]:
    """A PACS of either kind that holds two MR instances of the study."""
    there = ["2.25.71", "2.25.72"]
    if kind == "dimse":
        with PretendPacs(headers=dict.fromkeys(there, (STUDY, "2.25.6"))) as pacs:
            yield pacs.node, pacs
    else:
        with StowServer(instances=there, series=[2]) as server:
            yield DicomWebNode("web", server.url, frozenset(Role)), server


def nobody(kind: str) -> Node:
    """A node that is not there."""
    port = free_port()
    return (
        node("pacs", "PACS", port)
        if kind == "dimse"
        else DicomWebNode("web", f"http://{HERE}:{port}/", frozenset(Role))
    )


KINDS = pytest.mark.parametrize("kind", ["dimse", "dicomweb"])


@KINDS
def test_both_kinds_of_node_answer_the_same_questions(tmp_path: Path, kind: str) -> None:
    """Is it there, what does it hold, how many of a study: the same answers in the same form."""
    references = [InstanceReference(MRImageStorage, uid) for uid in ("2.25.71", "2.25.72", "2.25.73")]
    with archive(kind) as (peer, _):
        assert 0 < echo(peer, calling_ae_title="GATEWAY") < 5
        found = holds(peer, references, calling_ae_title="GATEWAY", study_instance_uid=STUDY)
        assert found == {"2.25.71", "2.25.72"}
        counted = count_mr(peer, STUDY, calling_ae_title="GATEWAY")
        assert list(counted.series.values()) == [2]
        (outcome,) = store(peer, [mr_file(tmp_path)], calling_ae_title="GATEWAY")
        assert outcome.outcome is Outcome.ACCEPTED


@KINDS
def test_nothing_to_say_is_said_to_nobody(kind: str) -> None:
    """No file and no reference: no connection is opened, and nobody has to be there."""
    assert store(nobody(kind), [], calling_ae_title="GATEWAY") == []
    assert holds(nobody(kind), [], calling_ae_title="GATEWAY", study_instance_uid=STUDY) == frozenset()


@KINDS
def test_an_exception_of_the_listener_ends_the_sending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """It comes out as it is, after the outcome it was about, and the rest is not sent behind its back."""
    monkeypatch.setattr(stow_upload, "BATCH_FILES", 1)
    heard: list[InstanceOutcome] = []

    def listen(outcome: InstanceOutcome) -> None:
        heard.append(outcome)
        if len(heard) == 2:
            raise _Stop

    files = [mr_file(tmp_path, number) for number in range(8)]
    with archive(kind) as (peer, them):
        with pytest.raises(_Stop):
            store(peer, files, calling_ae_title="GATEWAY", on_outcome=listen)
        assert [outcome.sop_instance_uid for outcome in heard] == [
            file.sop_instance_uid for file in files[:2]
        ]
    assert len(them.stored if isinstance(them, PretendPacs) else them.requests) < 8
