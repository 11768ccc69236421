"""TLS for DICOM associations: TLS 1.2 or newer, certificates on both sides where a CA is given.

Standard: PS3.15 B.12 (BCP 195 RFC 8996 TLS Secure Transport Connection Profile).
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress

from dicom_nodes import certificates
from dicom_nodes.certificates import Certificate
from dicom_nodes.errors import NodeError
from dicom_nodes.node import DimseNode, TlsSettings
from dicom_nodes.upper_layer import tls_problems

_LISTEN_S = 0.5
"""How long the other side may take to say that it does not want our certificate: in TLS 1.3 it says so afterwards."""


def server_context(settings: TlsSettings) -> ssl.SSLContext:
    """For listening: our certificate, and with `ca` only peers that show one signed by it."""
    if settings.certificate is None or settings.key is None:
        raise NodeError(
            "TLS for listening needs a certificate and a key.", "Set certificate and key (PEM files)."
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    return _load(context, settings, demand=settings.ca is not None)


def client_context(settings: TlsSettings) -> ssl.SSLContext:
    """For calling: the peer's certificate must be valid for its host and signed by `ca` (or a system CA)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if settings.ca is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    return _load(context, settings, demand=True)


def _load(context: ssl.SSLContext, settings: TlsSettings, *, demand: bool) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if settings.certificate is not None:
            context.load_cert_chain(settings.certificate, settings.key)
        if settings.ca is not None:
            context.load_verify_locations(settings.ca)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(str(path) for path in (settings.certificate, settings.key, settings.ca) if path)
        raise NodeError(
            f"The TLS files cannot be used ({files}): {error}.", "Check the PEM files."
        ) from error
    if demand:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def shown_by(connection: socket.socket | None) -> Certificate | None:
    """The certificate of the other side of a connection; None where it showed none, or there is no TLS."""
    der = connection.getpeercert(binary_form=True) if isinstance(connection, ssl.SSLSocket) else None
    return certificates.of_der(der) if der else None


def look_at(host: str, port: int, context: ssl.SSLContext, timeout_s: float) -> Certificate | None:
    """Shake hands, listen for what the other side says of it, and hang up; the certificate that it showed.

    Raises OSError, with the error of OpenSSL where it is one of TLS.
    """
    with (
        socket.create_connection((host, port), timeout_s) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        shown = shown_by(connection)
        connection.settimeout(min(_LISTEN_S, timeout_s))
        with suppress(TimeoutError, ConnectionError):
            connection.recv(1)
        return shown


def why_not(node: DimseNode, timeout_s: float) -> tuple[str, str] | None:
    """What keeps TLS with a node from being spoken, by one more handshake; None where that is not the trouble."""
    if node.tls is None:
        return None
    try:
        look_at(node.host, node.port, client_context(node.tls), timeout_s)
    except OSError as error:
        return tls_problems.told(error)
    return None
