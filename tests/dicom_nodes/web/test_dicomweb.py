"""Sending and asking over DICOMweb: bounded batches, one outcome for every file, secrets only from files."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import JPEG2000Lossless, MRImageStorage

from dicom_nodes.commitment import InstanceReference
from dicom_nodes.counts import InstanceCount
from dicom_nodes.errors import NodeTimeout, NodeUnreachable, RequestRefused
from dicom_nodes.node import DicomWebNode, Role
from dicom_nodes.outcomes import InstanceOutcome, Outcome
from dicom_nodes.outgoing import OutgoingFile
from dicom_nodes.sender import count_mr, echo, holds, store
from dicom_nodes.web import stow_upload
from support.nodes.peers import HERE, free_port
from support.nodes.stow_server import Reply, StowServer
from support.objects.dicom_files import STUDY, mr_file


def _node(url: str, **more: object) -> DicomWebNode:
    return DicomWebNode("web", url, frozenset({Role.READER}), **more)  # type: ignore[arg-type]


def test_files_go_out_unchanged_in_bounded_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part is the stored file itself, and no request has more files or bytes than allowed."""
    files = [mr_file(tmp_path, number) for number in range(6)]
    files.append(mr_file(tmp_path, 6, rows=64))
    files.append(mr_file(tmp_path, 7, syntax=JPEG2000Lossless))
    monkeypatch.setattr(stow_upload, "BATCH_FILES", 4)
    monkeypatch.setattr(stow_upload, "BATCH_BYTES", 8_000)
    heard: list[InstanceOutcome] = []
    with StowServer() as server:
        outcomes = store(_node(server.url), files, calling_ae_title="GATEWAY", on_outcome=heard.append)
    assert outcomes == heard
    assert [o.sop_instance_uid for o in outcomes] == [file.sop_instance_uid for file in files]
    assert {o.outcome for o in outcomes} == {Outcome.ACCEPTED}
    assert [part for request in server.requests for part in request] == [
        file.path.read_bytes() for file in files
    ]
    assert [len(request) for request in server.requests] == [4, 2, 1, 1]


def test_the_request_is_one_that_servers_understand(tmp_path: Path) -> None:
    """Length known in advance, the right type, JSON wanted back, and the port in the Host header."""
    with StowServer() as server:
        store(_node(server.url), [mr_file(tmp_path)], calling_ae_title="GATEWAY")
    (headers,) = server.headers
    assert headers["Host"] == server.url.split("/")[2]
    assert headers["Content-Type"].startswith('multipart/related; type="application/dicom"; boundary=')
    assert headers["Accept"] == "application/dicom+json"
    assert int(headers["Content-Length"]) > 1000
    assert "Transfer-Encoding" not in headers


def test_each_instance_has_its_own_outcome_in_a_partly_failed_batch(tmp_path: Path) -> None:
    """409 or 202 with FailedSOPSequence: the named ones failed for their reason, the others are stored."""
    files = [mr_file(tmp_path, number) for number in range(4)]
    uids = [file.sop_instance_uid for file in files]

    def reply(_parts: list[bytes]) -> Reply:
        stored = [{"00081155": {"vr": "UI", "Value": [uids[0]]}}]
        failed = [
            {"00081155": {"vr": "UI", "Value": [uids[1]]}, "00081197": {"vr": "US", "Value": [0xA700]}},
            {"00081155": {"vr": "UI", "Value": [uids[2]]}, "00081197": {"vr": "US", "Value": [0xC000]}},
        ]
        body = {"00081199": {"vr": "SQ", "Value": stored}, "00081198": {"vr": "SQ", "Value": failed}}
        return 202, json.dumps(body).encode()

    with StowServer(reply) as server:
        outcomes = store(_node(server.url), files, calling_ae_title="GATEWAY")
    assert [o.outcome for o in outcomes] == [
        Outcome.ACCEPTED,
        Outcome.TRY_AGAIN,
        Outcome.REFUSED,
        Outcome.TRY_AGAIN,
    ]
    assert [o.status for o in outcomes] == [0, 0xA700, 0xC000, None]


def test_a_refusal_of_everything_names_the_fix(tmp_path: Path) -> None:
    """401 is no transient problem; the fix says what to look at."""
    with StowServer(lambda _parts: (401, b"")) as server:
        (outcome,) = store(_node(server.url), [mr_file(tmp_path)], calling_ae_title="GATEWAY")
    assert outcome.outcome is Outcome.NODE_REFUSED
    assert "token or password" in outcome.fix


def test_a_file_that_is_gone_does_not_stop_the_others(tmp_path: Path) -> None:
    """A file that cannot be read here is refused; the rest of the batch is sent."""
    gone = OutgoingFile(tmp_path / "gone", MRImageStorage, "2.25.9", "1.2.840.10008.1.2.1")
    with StowServer() as server:
        outcomes = store(_node(server.url), [gone, mr_file(tmp_path)], calling_ae_title="GATEWAY")
    assert [o.outcome for o in outcomes] == [Outcome.REFUSED, Outcome.ACCEPTED]


def test_a_connection_lost_between_batches_leaves_the_rest_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was stored counts; what was not sent is TRY_AGAIN, not an exception that loses the first part."""
    monkeypatch.setattr(stow_upload, "BATCH_FILES", 1)
    files = [mr_file(tmp_path, number) for number in range(3)]
    calls: list[int] = []

    def reply(_parts: list[bytes]) -> Reply:
        calls.append(1)
        if len(calls) > 1:
            raise ConnectionAbortedError
        return 200, b""

    with StowServer(reply) as server:
        monkeypatch.setattr("socketserver.BaseServer.handle_error", lambda *_: None)
        outcomes = store(_node(server.url), files, calling_ae_title="GATEWAY")
    assert [o.outcome for o in outcomes] == [Outcome.ACCEPTED, Outcome.TRY_AGAIN, Outcome.TRY_AGAIN]


def test_nobody_there_and_nobody_answering(tmp_path: Path) -> None:
    """A closed port is unreachable, a silent server a timeout; both are transient."""
    file = mr_file(tmp_path)
    with pytest.raises(NodeUnreachable) as closed:
        store(_node(f"http://{HERE}:{free_port()}/dicom-web"), [file], calling_ae_title="GATEWAY")
    assert closed.value.transient
    with socket.socket() as listening:
        listening.bind((HERE, 0))
        listening.listen()
        silent = _node(f"http://{HERE}:{listening.getsockname()[1]}/dicom-web")
        with pytest.raises(NodeTimeout):
            store(silent, [file], calling_ae_title="GATEWAY", timeout_s=0.3)
        with pytest.raises(NodeTimeout):
            echo(silent, calling_ae_title="GATEWAY", timeout_s=0.3)


def test_secrets_come_from_files(tmp_path: Path) -> None:
    """A bearer token or a password is read when it is used, without its line end."""
    (tmp_path / "token").write_text("abc\n")
    (tmp_path / "password").write_text("xyz\n")
    with StowServer() as server:
        echo(_node(server.url, token_file=tmp_path / "token"), calling_ae_title="GATEWAY")
        basic = _node(server.url, username="me", password_file=tmp_path / "password")
        echo(basic, calling_ae_title="GATEWAY")
    assert [headers["Authorization"] for headers in server.headers] == ["Bearer abc", "Basic bWU6eHl6"]


def test_holds_reads_every_page() -> None:
    """A server that answers in pages is asked until everything is found or it has nothing new."""
    there = [f"2.25.{number}" for number in range(25)]
    references = [InstanceReference(MRImageStorage, uid) for uid in [*there, "2.25.999"]]
    with StowServer(instances=there, page=10) as server:
        found = holds(_node(server.url), references, calling_ae_title="GATEWAY", study_instance_uid=STUDY)
    assert found == frozenset(there)


@pytest.mark.parametrize(("status", "transient"), [(403, False), (404, False), (503, True)])
def test_a_refused_search_says_whether_to_come_back(status: int, transient: bool) -> None:
    """Missing rights stay missing; an overloaded server may answer later."""
    with StowServer(search_status=status) as server, pytest.raises(RequestRefused) as caught:
        echo(_node(server.url), calling_ae_title="GATEWAY")
    assert (caught.value.status, caught.value.transient) == (status, transient)


@pytest.mark.parametrize(
    ("numbers", "counted"),
    [
        ([12, 30], {"2.25.60": 12, "2.25.61": 30}),
        ([[12], "30.0"], {"2.25.60": 12, "2.25.61": 30}),
        ([], {}),
    ],
)
def test_qido_counts_each_series(numbers: list[Any], counted: dict[str, int]) -> None:
    """As a number, as text, in a list: what QIDO-RS states of each series is read."""
    with StowServer(series=numbers) as server:
        assert count_mr(_archive(server), STUDY, calling_ae_title="GATEWAY") == InstanceCount(counted)


@pytest.mark.parametrize("odd", [None, [None], ["many"], [{"a": 1}], [[]], [0], [-3], "NaN"])
def test_a_series_without_a_readable_number_is_counted_one_by_one(odd: Any) -> None:
    """Page after page, and no value of a peer is an error."""
    there = [f"2.25.{number}" for number in range(25)]
    with StowServer(series=[odd], instances=there, page=10) as server:
        found = count_mr(_archive(server), STUDY, calling_ae_title="GATEWAY")
    assert found == InstanceCount({"2.25.60": 25})


@pytest.mark.parametrize(("study", "counted"), [([40], 40), (["40.0"], 40), ([None], None), ("x", None)])
def test_a_server_that_lists_no_instances_is_asked_for_the_study(study: Any, counted: int | None) -> None:
    """Then only the whole is known, or nothing."""
    with StowServer(series=[12, None], study=study) as server:
        found = count_mr(_archive(server), STUDY, calling_ae_title="GATEWAY")
    assert found == InstanceCount({"2.25.60": 12, "2.25.61": None}, counted)


def _archive(server: StowServer) -> DicomWebNode:
    return DicomWebNode("web", server.url, frozenset({Role.ARCHIVE}))
