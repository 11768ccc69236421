"""Once a day: which certificate ends within a month, of ours, and of those that other systems show."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from urllib.parse import urlsplit

from dicom_nodes.certificates import Certificate
from dicom_nodes.directory import NodeDirectory
from dicom_nodes.errors import NodeError
from dicom_nodes.node import DicomWebNode, Node
from dicom_nodes.upper_layer.tls import client_context, look_at
from gateway.certificates import ending, own_certificates
from gateway.pipeline.context import StepContext
from gateway.records import ledger
from gateway.records.ledger import NewShown
from gateway.records.views import notice_rows

HANDSHAKE_S = 5.0


def watch(context: StepContext) -> int:
    """Look at every certificate there is, and make a notice of each that ends; returns how many do."""
    try:
        directory = context.directory()
    except NodeError:
        return 0  # told elsewhere
    answered = [
        NewShown(node.name, "called", shown.subject, shown.fingerprint, shown.expires_at)
        for node in directory
        if (shown := _answered_with(node)) is not None
    ]
    with context.database.read() as session:
        now = context.database.now(session)
        before = notice_rows.shown_certificates(session)
    again = {(row.node, row.use) for row in answered}
    called = [row for row in before if (row.node, row.use) not in again]
    told = list(
        _told(
            context,
            directory,
            [
                *answered,
                *(
                    NewShown(row.node, row.use, row.subject, row.fingerprint, row.expires_at)
                    for row in called
                ),
            ],
            now,
        )
    )
    ledger.note_certificates(context.database, answered, told)
    return len(told)


def _told(
    context: StepContext, directory: NodeDirectory, shown: list[NewShown], now: datetime
) -> Iterator[tuple[str, str]]:
    """The events and texts of those that end."""
    names = {node.name for node in directory}
    every = [
        (f"{own.where} ({own.file.name})", own.certificate.fingerprint, own.certificate.expires_at)
        for own in own_certificates(context.settings, directory)
    ]
    every += [
        (f"node {row.node}, {row.subject}", row.fingerprint, row.expires_at)
        for row in shown
        if row.node in names
    ]
    for where, fingerprint, expires_at in every:
        if text := ending(where, expires_at, now):
            yield f"certificate {fingerprint} {'ended' if expires_at <= now else 'ends'}", text


def _answered_with(node: Node) -> Certificate | None:
    """What a node shows when it is called; None where it does not answer: whoever needs it is told why."""
    with suppress(OSError, NodeError, ValueError):
        if not isinstance(node, DicomWebNode):
            return (
                None
                if node.tls is None
                else look_at(node.host, node.port, client_context(node.tls), HANDSHAKE_S)
            )
        url = urlsplit(node.url)
        if url.scheme == "https" and url.hostname:
            return look_at(url.hostname, url.port or 443, _web_context(node), HANDSHAKE_S)
    return None


def _web_context(node: DicomWebNode) -> ssl.SSLContext:
    context = ssl.create_default_context(
        cafile=str(node.verify) if not isinstance(node.verify, bool) else None
    )
    if node.verify is False:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
