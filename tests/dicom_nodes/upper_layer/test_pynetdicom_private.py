"""The private parts of pynetdicom, one test each: a version that moves one of them fails here, and says which."""

from __future__ import annotations

import ast
import inspect
import logging
import pkgutil
import socket
import textwrap
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import pynetdicom
import pytest
from packaging.requirements import Requirement
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_ECHO
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import Verification
from pynetdicom.transport import AssociationSocket, ThreadedAssociationServer

from dicom_nodes.commitment import InstanceReference
from dicom_nodes.errors import NodeUnreachable
from dicom_nodes.node import DimseNode
from dicom_nodes.sender import holds
from dicom_nodes.upper_layer import pynetdicom_private as private
from dicom_nodes.upper_layer.pynetdicom_setup import associate, close
from support.nodes.peers import HERE, PretendPacs, free_port, node, wait_until
from support.nodes.raw_peer import RawPeer, association_request

ROOT = Path(__file__).resolve().parents[3]
RELEASE_RQ = bytes.fromhex("05000000000400000000")
RELEASE_RP = bytes.fromhex("06000000000400000000")


@contextmanager
def associated(peer: DimseNode, *, abort: bool = False) -> Iterator[Association]:
    """An association with the peer for C-ECHO; it is closed in the end, with `abort` where a thread is gone by then."""
    association = associate(peer, [build_context(Verification)], calling_ae_title="GATEWAY", timeout_s=15)
    try:
        yield association
    finally:
        close(association, abort=abort)


@contextmanager
def listening(*handlers: Any) -> Iterator[tuple[int, list[Association]]]:
    """A server of pynetdicom's own that answers C-ECHO: its port, and the associations it was asked for."""
    requested: list[Association] = []
    ae = AE("ACCEPTOR")
    ae.acse_timeout = 5
    ae.add_supported_context(Verification)
    server = ae.start_server(
        (HERE, 0),
        block=False,
        evt_handlers=[(evt.EVT_CONN_OPEN, lambda event: requested.append(event.assoc)), *handlers],
    )
    assert server is not None
    try:
        yield int(server.server_address[1]), requested
    finally:
        ae.shutdown()


def rounds(association: Association, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Grows with each round of the association's reactor: it looks for a message in each."""
    made: list[float] = []
    get = association.dimse.get_msg

    def counted(block: bool = False) -> Any:
        if threading.current_thread() is association:
            made.append(time.monotonic())
        return get(block)

    monkeypatch.setattr(association.dimse, "get_msg", counted)
    return made


# -- the whole library


def test_nothing_received_is_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query with a patient's study in it leaves no trace at DEBUG; with these switches the other way it does."""
    study = "2.25.471100"
    wanted = (InstanceReference("1.2.840.10008.5.1.4.1.1.4", "2.25.471102"),)
    caplog.set_level(logging.DEBUG, "pynetdicom")

    def said() -> str:
        caplog.clear()
        with PretendPacs(headers={"2.25.471102": (study, "2.25.471101")}) as pacs:
            found = holds(pacs.node, wanted, calling_ae_title="GATEWAY", study_instance_uid=study)
            assert found == {"2.25.471102"}
        return caplog.text

    private.log_nothing_received()
    assert "2.25.4711" not in said()
    monkeypatch.setattr(_config, "LOG_HANDLER_LEVEL", "standard")
    assert "A-ASSOCIATE-RQ" in said()
    monkeypatch.setattr(_config, "LOG_REQUEST_IDENTIFIERS", True)
    assert study in said()
    monkeypatch.setattr(_config, "LOG_REQUEST_IDENTIFIERS", False)
    monkeypatch.setattr(_config, "LOG_RESPONSE_IDENTIFIERS", True)
    assert "2.25.471102" in said()


def test_a_socket_that_never_connected_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """pynetdicom ends it by the method that is replaced; what is left has no file descriptor."""
    nobody = node("nobody", "NOBODY", free_port())
    ended: list[socket.socket] = []
    private.close_every_socket()
    ours = AssociationSocket._shutdown_socket

    def watched(self: AssociationSocket) -> None:
        if self.socket is not None:
            ended.append(self.socket)
        ours(self)

    monkeypatch.setattr(AssociationSocket, "_shutdown_socket", watched)
    with pytest.raises(NodeUnreachable):
        associate(nobody, [build_context(Verification)], calling_ae_title="GATEWAY", timeout_s=2)
    assert ended
    assert {sock.fileno() for sock in ended} == {-1}


# -- the reactor


def test_a_parked_reactor_sleeps_until_it_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """No round while it is parked, rounds again afterwards."""
    with PretendPacs() as pacs, associated(pacs.node) as association:
        made = rounds(association, monkeypatch)
        wait_until(lambda: len(made) > 5)
        private.park_reactor(association)
        time.sleep(0.05)
        before = len(made)
        time.sleep(0.1)
        assert len(made) == before
        private.wake_reactor(association)
        wait_until(lambda: len(made) > before + 5)


def test_a_held_reactor_has_finished_its_last_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that was let through just before, and is slow: none follows once the caller goes on."""
    with PretendPacs() as pacs, associated(pacs.node) as association:
        made = rounds(association, monkeypatch)
        wait_until(lambda: len(made) > 5)
        get = association.dimse.get_msg

        def slowly(block: bool = False) -> Any:
            time.sleep(0.1)
            return get(block)

        monkeypatch.setattr(association.dimse, "get_msg", slowly)
        time.sleep(0.02)
        private.hold_reactor(association)
        before = len(made)
        time.sleep(0.2)
        assert len(made) == before


def test_a_held_reactor_stays_so_over_several_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """pynetdicom lets it go on at the end of each request: not in the context, again after it."""
    with PretendPacs() as pacs, associated(pacs.node) as association:
        made = rounds(association, monkeypatch)
        with private.held_reactor(association):
            before = len(made)
            for _ in range(3):
                assert association.send_c_echo().Status == 0
                time.sleep(0.02)
            assert len(made) == before
        wait_until(lambda: len(made) > before)
        assert association.send_c_echo().Status == 0


def test_a_reactor_ends_although_it_is_parked() -> None:
    """Its thread is gone at once; the association itself is not ended by that."""
    with PretendPacs() as pacs, associated(pacs.node) as association:
        private.park_reactor(association)
        private.end_reactor(association)
        association.join(2)
        assert not association.is_alive()
        assert private.network_thread(association).is_alive()


# -- the network thread


def test_the_network_thread_is_no_daemon_and_ends_on_demand() -> None:
    """It runs beside the reactor and in any state ends within a round."""
    with PretendPacs() as pacs, associated(pacs.node, abort=True) as association:
        thread = private.network_thread(association)
        assert thread.is_alive()
        assert not thread.daemon
        assert thread is not association
        private.end_network_thread(association)
        thread.join(2)
        assert not thread.is_alive()


def test_the_network_thread_is_wanted_when_it_has_to_send_or_to_end() -> None:
    """A primitive that waits for it is seen, and so is that it shall end."""
    with PretendPacs() as pacs, associated(pacs.node, abort=True) as association:
        assert not private.is_wanted(association)
        private.end_network_thread(association)
        private.network_thread(association).join(2)
        assert private.is_wanted(association)
    sending, go_on = threading.Event(), threading.Event()

    def busy(_event: evt.Event) -> None:
        sending.set()
        go_on.wait(5)

    with PretendPacs() as pacs, associated(pacs.node) as association:
        echo = C_ECHO()
        echo.MessageID, echo.AffectedSOPClassUID = 1, Verification
        association.bind(evt.EVT_DATA_SENT, busy)
        association.dimse.send_msg(echo, association.accepted_contexts[0].context_id or 0)
        assert sending.wait(5)
        association.unbind(evt.EVT_DATA_SENT, busy)
        association.dimse.send_msg(echo, association.accepted_contexts[0].context_id or 0)
        assert private.is_wanted(association)
        go_on.set()


def test_the_state_is_that_of_the_standard() -> None:
    """Before the request of a caller, during data transfer, and after the end."""
    with listening() as (port, requested):
        with socket.create_connection((HERE, port)):
            wait_until(lambda: requested and private.state(requested[0]) == "Sta2")
            assert private.state(requested[0]) in private.CANNOT_ABORT
        wait_until(lambda: private.state(requested[0]) == "Sta1")
    with PretendPacs() as pacs:
        with associated(pacs.node) as association:
            assert private.state(association) == private.DATA_TRANSFER
        assert private.state(association) == "Sta1"


def test_the_wait_for_a_request_can_be_given_up() -> None:
    """A caller that hangs up before it asked leaves an association that waits on; given up, that ends at once."""
    with listening() as (port, requested):
        with socket.create_connection((HERE, port)):
            wait_until(lambda: requested and private.state(requested[0]) == "Sta2")
        wait_until(lambda: private.state(requested[0]) == "Sta1")
        requested[0].join(0.2)
        assert requested[0].is_alive()
        private.give_up_waiting(requested[0])
        requested[0].join(2)
        assert not requested[0].is_alive()


def test_a_lost_connection_ends_the_association() -> None:
    """The event of PS3.8 Table 9-10 is understood: the association is aborted, by its own state machine."""
    with PretendPacs() as pacs, associated(pacs.node) as association:
        private.report_lost(association)
        wait_until(lambda: association.is_aborted and private.state(association) == "Sta1", 5)


def test_a_request_is_rejected_with_result_source_and_reason() -> None:
    """The caller reads the three numbers in an A-ASSOCIATE-RJ (PS3.8 Table 9-21)."""

    refused: list[Association] = []

    def refuse(event: evt.Event) -> None:
        refused.append(event.assoc)
        private.reject(event.assoc, 2, 3, 1)
        event.assoc.kill()  # returns once the answer is out

    with listening((evt.EVT_REQUESTED, refuse)) as (port, _):
        with RawPeer(port) as peer:
            peer.send(association_request(called="ACCEPTOR"))
            assert peer.read() == (3, bytes((0, 2, 3, 1)))
        # The end of the server would abort an association that is still closing, which pynetdicom does not take.
        wait_until(lambda: not refused[0].is_alive())


# -- the socket


def test_the_socket_of_an_association_is_the_one_that_is_connected() -> None:
    """To the node's port while it is open, None afterwards."""
    with PretendPacs() as pacs:
        with associated(pacs.node) as association:
            sock = private.socket_of(association)
            assert sock is not None
            assert sock.getpeername() == (HERE, pacs.port)
        assert private.socket_of(association) is None


def test_a_socket_that_is_given_away_stays_open() -> None:
    """The association passes for over and closes nothing; on the socket the peer still answers."""
    with PretendPacs() as pacs:
        with associated(pacs.node) as association:
            private.end_reactor(association)
            private.end_network_thread(association)
            association.join(2)
            private.network_thread(association).join(2)
            sock = private.socket_of(association)
            private.give_away_socket(association)
            assert not association.is_established
            assert private.socket_of(association) is None
        assert sock is not None
        with sock:
            sock.sendall(RELEASE_RQ)
            assert sock.recv(100) == RELEASE_RP


def test_a_wrapper_of_another_class_has_the_connection_and_announces_nothing() -> None:
    """The state machine hears once that there is a connection, whatever reads from it."""

    class Counting(AssociationSocket):
        """Says that it is used."""

        read = 0

        def recv(self, nr_bytes: int) -> bytearray:
            self.read += 1
            return super().recv(nr_bytes)

    announced: list[int] = []
    made: list[Counting] = []

    def exchange(event: evt.Event) -> None:
        def other(plain: AssociationSocket) -> AssociationSocket:
            before = plain.event_queue.qsize()
            made.append(private.wrap_anew(plain, Counting))
            announced.append(plain.event_queue.qsize() - before)
            return made[0]

        private.replace_wrapper(event.assoc, other)

    with (
        listening((evt.EVT_CONN_OPEN, exchange), (evt.EVT_C_ECHO, lambda _event: 0)) as (port, requested),
        associated(node("acceptor", "ACCEPTOR", port)) as association,
    ):
        assert association.send_c_echo().Status == 0
        assert made[0].assoc is requested[0]
    assert announced == [0]
    assert made[0].read > 2


# -- the server


def test_shared_contexts_are_not_copied_for_each_association() -> None:
    """What an association is to support are the very objects of the server; a plain list's are copies."""
    shared = private.SharedContexts([build_context(Verification)])
    assert deepcopy(shared) is shared
    supported: list[PresentationContext] = []

    def look(event: evt.Event) -> None:
        supported.extend(event.assoc.acceptor.supported_contexts)

    for contexts, is_same in ((shared, True), (list(shared), False)):
        ae = AE("ACCEPTOR")
        ae.supported_contexts = list(shared)
        server = ae.start_server((HERE, 0), block=False, evt_handlers=[(evt.EVT_REQUESTED, look)])
        assert isinstance(server, ThreadedAssociationServer)
        server.contexts = contexts
        try:
            with associated(node("acceptor", "ACCEPTOR", int(server.server_address[1]))):
                assert (supported[-1] is contexts[0]) == is_same
        finally:
            ae.shutdown()


# -- nothing else touches what is private


@cache
def private_names(of: object) -> frozenset[str]:
    """Every name with one leading underscore in the source of a module or class."""
    return frozenset(
        name
        for node_ in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(of))))  # type: ignore[arg-type]
        for name in (getattr(node_, "attr", None), getattr(node_, "name", None), getattr(node_, "id", None))
        if isinstance(name, str) and name.startswith("_") and not name.startswith("__")
    )


def names_of_pynetdicom() -> frozenset[str]:
    """All of its private names."""
    modules = [each.name for each in pkgutil.iter_modules(pynetdicom.__path__) if not each.ispkg]
    return frozenset().union(
        *(private_names(import_module(f"pynetdicom.{name}")) for name in modules if name != "__main__")
    )


def private_uses(tree: ast.Module, names: frozenset[str]) -> Iterator[str]:
    """Where a module imports or names something private of pynetdicom, or changes something of it."""
    imported: set[str] = set()
    for node_ in ast.walk(tree):
        if isinstance(node_, ast.ImportFrom) and (node_.module or "").partition(".")[0] == "pynetdicom":
            imported.update(alias.asname or alias.name for alias in node_.names)
            parts = [*(node_.module or "").split("."), *(alias.name for alias in node_.names)]
            yield from (f"{node_.lineno}: imports {part}" for part in parts if part.startswith("_"))
    for node_ in ast.walk(tree):
        if not isinstance(node_, ast.Attribute):
            continue
        base = node_.value.id if isinstance(node_.value, ast.Name) else ""
        if node_.attr in ("dul", "acse", "dimse"):
            yield f"{node_.lineno}: reaches into {node_.attr}"
        elif node_.attr in names and base not in ("self", "cls"):
            yield f"{node_.lineno}: names {node_.attr}"
        elif base in imported and isinstance(node_.ctx, ast.Store):
            yield f"{node_.lineno}: changes {base}.{node_.attr}"


def modules_on_pynetdicom() -> list[Path]:
    """Every module of the three packages, but the one that may, in which something of pynetdicom can be at hand."""
    return [
        path
        for package in ("dicom_nodes", "gateway", "routing_rules")
        for path in sorted((ROOT / package).rglob("*.py"))
        if "pynetdicom" in path.read_text(encoding="utf-8") and path != Path(private.__file__)
    ]


def test_what_is_private_is_found() -> None:
    """The search itself: each kind of use is seen, and what is our own is not."""
    code = """
from pynetdicom import _config, AE
from pynetdicom._globals import X
from pynetdicom.transport import AssociationSocket
association._kill = True
event.assoc.dul.kill_dul()
AssociationSocket.close = None
self._kill = other._mine
"""
    uses = list(private_uses(ast.parse(code), names_of_pynetdicom()))
    assert [use.partition(": ")[2] for use in uses] == [
        "imports _config", "imports _globals", "names _kill", "changes AssociationSocket.close", "reaches into dul",
    ]  # fmt: skip
    assert {"_kill", "_is_paused", "_reactor_checkpoint", "_shutdown_socket"} <= names_of_pynetdicom()


def test_no_other_module_touches_a_private_name_of_pynetdicom() -> None:
    """Neither by import nor by name, nor by reaching behind an association, nor by changing a class of it."""
    names = names_of_pynetdicom()
    modules = modules_on_pynetdicom()
    assert len(modules) > 15
    uses = {
        str(path.relative_to(ROOT)): found
        for path in modules
        if (found := list(private_uses(ast.parse(path.read_text(encoding="utf-8")), names)))
    }
    assert uses == {}


def test_no_class_overrides_what_is_private_in_pynetdicom() -> None:
    """A class of ours that derives from one of pynetdicom's shares no private name with it."""
    shared: dict[str, frozenset[str]] = {}
    derived = 0
    for path in modules_on_pynetdicom():
        module = import_module(
            ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        )
        for name, ours in inspect.getmembers(module, inspect.isclass):
            bases = [each for each in ours.__mro__ if each.__module__.startswith("pynetdicom.")]
            if ours.__module__ != module.__name__ or not bases:
                continue
            derived += 1
            both = private_names(ours) & frozenset().union(*map(private_names, bases))
            if both:
                shared[name] = both
    assert derived >= 5
    assert shared == {}


def test_pynetdicom_is_pinned_to_the_version_that_was_read() -> None:
    """Its next minor version may move what is private; pyproject.toml lets in none but that which was read."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (pin,) = (
        wanted.specifier
        for line in project["dependencies"]
        if (wanted := Requirement(line)).name == "pynetdicom"
    )
    assert metadata.version("pynetdicom") in pin
    assert list(pin.filter(["3.0.3", "3.0.4", "3.0.9", "3.1.0", "4.0.0"])) == ["3.0.4", "3.0.9"]
