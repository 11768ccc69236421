"""STOW-RS where a request fails as a whole: halves find what is to blame, and what is hopeless is not repeated."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dicom_nodes.errors import NodeTimeout
from dicom_nodes.node import DicomWebNode, Role
from dicom_nodes.outcomes import InstanceOutcome, Outcome
from dicom_nodes.outgoing import OutgoingFile
from dicom_nodes.sender import store
from dicom_nodes.web.multipart import Multipart, Part, PartUnreadable
from support.nodes.stow_server import Reply, StowServer
from support.objects.dicom_files import mr_file

LOST = "socketserver.BaseServer.handle_error"


def _files(folder: Path, count: int) -> list[OutgoingFile]:
    return [mr_file(folder, number) for number in range(count)]


def _sent(
    server: StowServer, files: list[OutgoingFile], timeout_s: float = 10.0
) -> dict[str, InstanceOutcome]:
    node = DicomWebNode("web", server.url, frozenset({Role.READER}))
    outcomes = store(node, files, calling_ae_title="GATEWAY", timeout_s=timeout_s)
    by_uid = {outcome.sop_instance_uid: outcome for outcome in outcomes}
    assert len(outcomes) == len(by_uid) == len(files)
    return by_uid


def _if(bad: Callable[[list[bytes]], bool], status: int) -> Callable[[list[bytes]], Reply]:
    return lambda parts: (status, b"") if bad(parts) else (200, b"")


def test_everything_goes_over_one_connection(tmp_path: Path) -> None:
    """Several batches, one TCP connection."""
    with StowServer() as server:
        _sent(server, _files(tmp_path, 80))
    assert [len(parts) for parts in server.requests] == [32, 32, 16]
    assert server.connections == 1


def test_a_request_too_large_is_halved_and_stays_small(tmp_path: Path) -> None:
    """413: the limit is found once, then kept to; a file that is larger alone is refused, the others arrive."""
    files = _files(tmp_path, 24)
    files.insert(5, mr_file(tmp_path, 99, rows=200))
    large = files[5].sop_instance_uid
    with StowServer(_if(lambda parts: sum(map(len, parts)) > 8_000, 413)) as server:
        outcomes = _sent(server, files)
    assert outcomes[large].outcome is Outcome.REFUSED
    assert "Raise its limit" in outcomes[large].fix
    assert {o.outcome for uid, o in outcomes.items() if uid != large} == {Outcome.ACCEPTED}
    assert len(server.requests) < 30


@pytest.mark.parametrize(("status", "outcome"), [(500, Outcome.TRY_AGAIN), (415, Outcome.REFUSED)])
def test_the_one_that_a_node_chokes_on_is_found(tmp_path: Path, status: int, outcome: Outcome) -> None:
    """A batch that fails because of one instance costs that instance, not the other 63, and few requests."""
    files = _files(tmp_path, 64)
    bad = files[20].path.read_bytes()
    with StowServer(_if(lambda parts: bad in parts, status)) as server:
        outcomes = _sent(server, files)
    assert outcomes[files[20].sop_instance_uid].outcome is outcome
    assert sum(o.outcome is Outcome.ACCEPTED for o in outcomes.values()) == 63
    assert len(server.requests) < 20


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (401, Outcome.NODE_REFUSED),
        (404, Outcome.NODE_REFUSED),
        (503, Outcome.TRY_AGAIN),
        (429, Outcome.TRY_AGAIN),
    ],
)
def test_what_all_would_be_told_is_asked_once(tmp_path: Path, status: int, outcome: Outcome) -> None:
    """Wrong credentials, no such service, too busy: one request, the same outcome for every file."""
    with StowServer(lambda _parts: (status, b"")) as server:
        outcomes = _sent(server, _files(tmp_path, 80))
    assert {o.outcome for o in outcomes.values()} == {outcome}
    assert len(server.requests) == 1


def test_a_node_that_always_fails_is_left_alone(tmp_path: Path) -> None:
    """Nothing but 500: after a few tries everything is left for later."""
    with StowServer(lambda _parts: (500, b"")) as server:
        outcomes = _sent(server, _files(tmp_path, 80))
    assert {o.outcome for o in outcomes.values()} == {Outcome.TRY_AGAIN}
    assert len(server.requests) < 10


def test_a_connection_cut_at_large_requests_is_halved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some servers close instead of answering 413: smaller requests pass."""
    monkeypatch.setattr(LOST, lambda *_: None)

    def reply(parts: list[bytes]) -> Reply:
        if len(parts) > 8:
            raise ConnectionAbortedError
        return 200, b""

    with StowServer(reply) as server:
        outcomes = _sent(server, _files(tmp_path, 32))
    assert {o.outcome for o in outcomes.values()} == {Outcome.ACCEPTED}


def test_two_time_limits_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that hangs after the first batch costs two timeouts, whatever is left; what it took counts."""
    monkeypatch.setattr(LOST, lambda *_: None)
    files = _files(tmp_path, 200)

    def reply(_parts: list[bytes]) -> Reply:
        if len(server.requests) > 1:
            time.sleep(1.5)
        return 200, b""

    start = time.monotonic()
    with StowServer(reply) as server:
        outcomes = _sent(server, files, 0.4)
        took = time.monotonic() - start
    assert sum(o.outcome is Outcome.ACCEPTED for o in outcomes.values()) == 32
    assert sum(o.outcome is Outcome.TRY_AGAIN for o in outcomes.values()) == 168
    assert took < 8


def test_a_node_that_never_answers_is_a_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was ever said: an error for the whole call, not 80 outcomes."""
    monkeypatch.setattr(LOST, lambda *_: None)

    def reply(_parts: list[bytes]) -> Reply:
        time.sleep(1.0)
        return 200, b""

    with StowServer(reply) as server, pytest.raises(NodeTimeout):
        _sent(server, _files(tmp_path, 80), 0.2)


def test_a_file_that_changes_is_refused_and_the_others_arrive(tmp_path: Path) -> None:
    """A file that became shorter, or is gone, between looking and sending costs only itself."""
    files = _files(tmp_path, 4)
    short, gone = files[1], files[2]
    parts = [Part(short, short.path.stat().st_size + 10)]
    with pytest.raises(PartUnreadable, match="became shorter"):
        list(Multipart(parts))
    really_stat = Path.stat

    def too_long(self: Path, **more: bool) -> os.stat_result:
        found = really_stat(self, **more)
        if self == gone.path:
            gone.path.unlink()
        return found

    with StowServer() as server, pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "stat", too_long)
        outcomes = _sent(server, files)
    assert outcomes[gone.sop_instance_uid].outcome is Outcome.REFUSED
    assert sum(o.outcome is Outcome.ACCEPTED for o in outcomes.values()) == 3
