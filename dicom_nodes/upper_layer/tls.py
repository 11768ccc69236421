"""TLS for DICOM associations: TLS 1.2 or newer, certificates on both sides where a CA is given.

Standard: PS3.15 B.12 (BCP 195 RFC 8996 TLS Secure Transport Connection Profile).
"""

from __future__ import annotations

import ssl

from dicom_nodes.errors import NodeError
from dicom_nodes.node import TlsSettings


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
