"""The pynetdicom below us: set up once, quiet, and with every wait bounded.

Facts that this module works around, where need be through `pynetdicom_private`:
- pynetdicom logs every PDU at INFO and query identifiers with patient data at DEBUG: both are switched off.
- Its network thread is no daemon and reads and writes without a time limit: every socket gets a timeout, and
  `close` shuts a socket that does not end by itself, so a silent peer can never hold the process.
- It leaves Nagle on: with a peer that delays its ACKs each message then costs some 40 ms.
- Its reactor may take a response away from the caller: whoever sends a request calls `hold_reactor` before, and for
  C-STORE `take_socket` ends it together with the network thread.
- A host name without a dot is taken for IPv6: names are resolved here.
- A socket that could not connect is left open until the garbage collector finds it: it is closed here.
- A peer that rejects at once, as those on the same machine do, has its connection closed before the caller
  looks, which then passes for one that never opened: `associate` goes by the PDU that came.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.pdu import A_ABORT_RQ, A_ASSOCIATE_RJ
from pynetdicom.presentation import PresentationContext

from dicom_nodes.errors import (
    AssociationAborted,
    AssociationRejected,
    NodeTimeout,
    NodeUnreachable,
    TlsRefused,
)
from dicom_nodes.instance import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dicom_nodes.node import DimseNode
from dicom_nodes.outcomes import rejection
from dicom_nodes.upper_layer.pynetdicom_private import (
    CANNOT_ABORT,
    DATA_TRANSFER,
    close_every_socket,
    end_network_thread,
    end_reactor,
    give_away_socket,
    log_nothing_received,
    network_thread,
    socket_of,
    state,
)
from dicom_nodes.upper_layer.tls import client_context, why_not

log_nothing_received()
close_every_socket()

Bound = tuple[evt.EventType, Callable[..., Any]] | tuple[evt.EventType, Callable[..., Any], list[Any]]
CONNECT_TIMEOUT_S = 5.0
MAX_PDU = 131072
"""Bytes of a P-DATA-TF that we take: more gains nothing with pynetdicom, and DCMTK's are no longer."""


# PS3.8 Table 9-21: source and reason, as far as they are defined.
_DEFINED = frozenset({(1, 1), (1, 2), (1, 3), (1, 7), (2, 1), (2, 2), (3, 1), (3, 2)})


class _Rejection(NamedTuple):
    """What an A-ASSOCIATE-RJ says (PS3.8 Table 9-21)."""

    result: int | None
    source: int | None
    reason: int | None


def application_entity(ae_title: str, *, timeout_s: float, max_pdu: int = MAX_PDU) -> AE:
    """An application entity of ours whose every wait is bounded by `timeout_s` seconds."""
    ae = AE(ae_title)
    ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    ae.maximum_pdu_size = max_pdu
    ae.connection_timeout = min(CONNECT_TIMEOUT_S, timeout_s)
    ae.acse_timeout = timeout_s
    ae.dimse_timeout = timeout_s
    ae.network_timeout = timeout_s
    return ae


def tune_socket(event: evt.Event) -> None:
    """EVT_CONN_OPEN: no Nagle, and a limit on every single read and write."""
    sock = socket_of(event.assoc)
    if sock is not None:
        tune(sock, event.assoc.network_timeout)


def tune(sock: socket.socket, timeout_s: float | None) -> None:
    """No Nagle, keep-alive, and a limit on every single read and write."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.settimeout(timeout_s)


def associate(
    node: DimseNode,
    contexts: Sequence[PresentationContext],
    *,
    calling_ae_title: str,
    timeout_s: float,
    ext_neg: Sequence[Any] = (),
    handlers: Sequence[Bound] = (),
) -> Association:
    """Open an association; the caller ends it with `close`.

    The association may have been ended at once because the peer accepted no context at all: then
    `accepted_contexts` is empty. Raises NodeUnreachable, NodeTimeout, TlsRefused,
    AssociationAborted or AssociationRejected.
    """
    ae = application_entity(calling_ae_title, timeout_s=timeout_s)
    tls = None if node.tls is None else (client_context(node.tls), node.host)
    for address in _addresses(node):
        opened: list[evt.Event] = []
        refusals: list[_Rejection | A_ABORT_RQ] = []
        bound: list[Bound] = [
            (evt.EVT_CONN_OPEN, tune_socket),
            (evt.EVT_CONN_OPEN, opened.append),
            (evt.EVT_PDU_RECV, _keep_refusal, [refusals]),
        ]
        association = ae.associate(
            address,
            node.port,
            contexts=list(contexts),
            ae_title=node.ae_title,
            max_pdu=MAX_PDU,
            ext_neg=list(ext_neg) or None,
            tls_args=tls,
            evt_handlers=[*bound, *handlers],
        )
        answered = association.accepted_contexts or association.rejected_contexts
        if association.is_established or (opened and answered):
            return association
        close(association)
        for refusal in refusals:
            if isinstance(refusal, _Rejection):
                raise _rejection(node, calling_ae_title, refusal)
            raise AssociationAborted(
                f"{_where(node)} broke off the association request (A-ABORT).",
                "Look into that system's log for the reason.",
            )
        if (trouble := why_not(node, min(CONNECT_TIMEOUT_S, timeout_s))) is not None:
            raise TlsRefused(f"{_where(node)} cannot be talked to by TLS: {trouble[0]}.", trouble[1])
        if opened:
            raise NodeTimeout(
                f"{_where(node)} took the connection but did not answer the association request.",
                "Check that host and port are those of a DICOM node (and that TLS is on at both ends or none).",
            )
    raise NodeUnreachable(
        f"{_where(node)} cannot be reached.",
        "Check that it is running, and host, port, TLS and firewall in between.",
    )


def _addresses(node: DimseNode) -> list[str]:
    try:
        addresses = socket.getaddrinfo(node.host, node.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NodeUnreachable(
            f"The host name {node.host!r} of node {node.name!r} does not resolve.",
            "Correct host in nodes.yaml, or the name service.",
        ) from error
    # IPv4 first: old PACS listen on IPv4 only, and "localhost" often resolves to ::1 first.
    ordered = sorted(addresses, key=lambda entry: entry[0] != socket.AF_INET)
    return list(dict.fromkeys(str(entry[4][0]) for entry in ordered))


def _where(node: DimseNode) -> str:
    return f"Node {node.name!r} ({node.ae_title} at {node.host}:{node.port})"


def _keep_refusal(event: evt.Event, into: list[_Rejection | A_ABORT_RQ]) -> None:
    answer = event.pdu
    if isinstance(answer, A_ABORT_RQ):
        into.append(answer)
    if not isinstance(answer, A_ASSOCIATE_RJ):
        return
    into.append(_Rejection(answer.result, answer.source, answer.reason_diagnostic))
    if answer.result not in (1, 2) or (answer.source, answer.reason_diagnostic) not in _DEFINED:
        # pynetdicom's network thread dies of what the Standard does not define, and the request times out.
        answer.result, answer.source, answer.reason_diagnostic = 1, 1, 1


def _rejection(node: DimseNode, calling: str, said: _Rejection) -> AssociationRejected:
    answer = rejection(*said)
    names = {"calling": calling, "called": node.ae_title, "name": node.name, **said._asdict()}
    return AssociationRejected(
        f"{_where(node)} rejected the association: it {answer.text.format(**names)}.",
        answer.fix.format(**names),
        answer,
    )


def take_socket(association: Association) -> socket.socket | None:
    """Take an established association's socket away from pynetdicom, whose threads end; None if it is over.

    Nothing is outstanding then, so the network thread is at rest: what it had read, it has acted on. The
    caller speaks PS3.8 on the socket from here on and closes it; the association object is only a record
    of what was negotiated.
    """
    end_reactor(association)
    # The reactor first: one that finds the network thread ended takes the association for lost.
    association.join(timeout=CONNECT_TIMEOUT_S)
    thread = network_thread(association)
    end_network_thread(association)
    thread.join(timeout=CONNECT_TIMEOUT_S)
    sock = socket_of(association)
    if sock is None or not (
        association.is_established and state(association) == DATA_TRANSFER and not thread.is_alive()
    ):
        close(association, abort=True)
        return None
    give_away_socket(association)
    return sock


def close(association: Association, *, abort: bool = False) -> None:
    """End the association: release it (or abort it), and shut the socket if that does not end it."""
    # Otherwise a release that nobody answers is aborted twice, by its own time-out and by that of the connection.
    association.network_timeout = None
    # Without its reactor pynetdicom's release waits for ever.
    if association.is_established and association.is_alive() and not abort:
        association.release()
    elif state(association) in CANNOT_ABORT:
        cut(association)
    elif not (association.is_aborted or association.is_released or association.is_rejected):
        association.abort(block=False)
    _end_threads(association)


def _end_threads(association: Association, patience_s: float = 1.0) -> None:
    """Wait for the network thread; after `patience_s` take its socket away. What it leaves open is closed."""
    thread = network_thread(association)
    if not thread.ident:
        return
    thread.join(timeout=patience_s)
    if thread.is_alive():
        cut(association)
        thread.join(timeout=patience_s)
    if thread.is_alive():
        end_network_thread(association)
        thread.join(timeout=patience_s)
    end_reactor(association)
    if not thread.is_alive() and (sock := socket_of(association)) is not None:
        sock.close()


def cut(association: Association) -> None:
    """Shut the TCP connection under an association, from any thread."""
    sock = socket_of(association)
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
