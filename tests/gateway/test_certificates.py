"""When certificates end is told a month before: of ours, by file, and in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.node import DicomWebNode, DimseNode, Role
from gateway.certificates import ending, own_certificates
from gateway.settings import Settings
from support.nodes.certificates import Authority

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_every_file_of_ours_is_looked_at(tmp_path: Path) -> None:
    """The receiver's, those that nodes are called with, and authorities; one that cannot be read is left out."""
    authority = Authority(tmp_path)
    server, client = authority.settings("server"), authority.settings("client")
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing")
    roles = frozenset({Role.READER})
    nodes = NodeDirectory(
        (
            DimseNode("pacs", "PACS", "h", 104, roles, tls=client),
            DicomWebNode("web", "https://h/x", roles, verify=broken),
            DicomWebNode("other", "https://h/x", roles, verify=authority.file),
        )
    )
    settings = Settings.model_validate(
        {"dicom": {"tls_certificate": server.certificate, "tls_ca": tmp_path / "no"}}
    )
    found = {own.where: own.certificate.subject for own in own_certificates(settings, nodes)}
    assert found == {
        "[dicom] tls_certificate": "CN=server",
        "pacs: certificate": "CN=client",
        "pacs: ca": "CN=ca",
        "other: verify": "CN=ca",
    }


def test_a_month_before_and_after_it_has_ended() -> None:
    """As long as there is time, nothing."""
    assert ending("x", NOW + timedelta(days=30, seconds=1), NOW) == ""
    assert (
        ending("x", NOW + timedelta(days=29.5), NOW) == "The certificate of x ends on 2026-03-31, in 29 days."
    )
    assert ending("x", NOW, NOW) == "The certificate of x ended on 2026-03-01: TLS with it is refused."
