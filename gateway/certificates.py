"""When certificates end: those in files of ours, and the text that tells of one in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from dicom_nodes import certificates
from dicom_nodes.certificates import Certificate
from dicom_nodes.directory import NodeDirectory
from dicom_nodes.node import DicomWebNode, TlsSettings
from gateway.settings import Settings

TOLD_BEFORE = timedelta(days=30)
"""A certificate of a hospital takes weeks to be renewed."""


@dataclass(frozen=True)
class OwnCertificate:
    """A certificate in a file of ours. `where`: what it is for, as people know it."""

    where: str
    file: Path
    certificate: Certificate


def own_certificates(settings: Settings, directory: NodeDirectory) -> Iterator[OwnCertificate]:
    """Every certificate in the files that settings and nodes name; an unreadable file is told by who uses it."""
    dicom = settings.dicom
    own = TlsSettings(dicom.tls_certificate, dicom.tls_key, dicom.tls_ca)
    files = [("[dicom] tls_certificate", own.certificate), ("[dicom] tls_ca", own.ca)]
    for node in directory:
        if isinstance(node, DicomWebNode):
            files += [(f"{node.name}: verify", node.verify if isinstance(node.verify, Path) else None)]
        elif node.tls is not None:
            files += [(f"{node.name}: certificate", node.tls.certificate), (f"{node.name}: ca", node.tls.ca)]
    for where, file in files:
        if file is not None:
            try:
                found = certificates.of_file(file)
            except (OSError, ValueError):
                continue
            # The one that is shown; of authorities, the first that ends.
            for certificate in sorted(found, key=lambda each: each.expires_at)[:1]:
                yield OwnCertificate(where, file, certificate)


def ending(where: str, expires_at: datetime, now: datetime) -> str:
    """What is told of a certificate that has ended or soon will; empty as long as there is time."""
    if expires_at <= now:
        return f"The certificate of {where} ended on {expires_at:%Y-%m-%d}: TLS with it is refused."
    if expires_at - now <= TOLD_BEFORE:
        days = (expires_at - now).days
        return f"The certificate of {where} ends on {expires_at:%Y-%m-%d}, in {days} days."
    return ""
