"""DICOM over TLS: both sides show certificates, and one that does not gets nowhere and delays nobody."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dicom_nodes.errors import NodeError
from dicom_nodes.node import TlsSettings
from dicom_nodes.outcomes import Outcome
from dicom_nodes.sender import echo, store
from dicom_nodes.upper_layer.tls import client_context, server_context
from support.nodes.certificates import Authority
from support.nodes.peers import HERE, Kept, dcmtk, node, receiver
from support.objects.dicom_files import dataset_bytes, mr_file

MODALITY = node("modality", "MODALITY", 4242)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The CA that both sides trust."""
    return Authority(tmp_path_factory.mktemp("tls"))


def test_instances_arrive_over_tls(tmp_path: Path, authority: Authority) -> None:
    """With certificates on both sides everything works as without, for small and for large instances."""
    kept = Kept()
    files = [mr_file(tmp_path, 1), mr_file(tmp_path, 2, rows=512), mr_file(tmp_path, 3, rows=2500)]
    with receiver(kept, MODALITY, tls=authority.settings("server")) as us:
        gateway = node("gateway", "GATEWAY", us.port, tls=authority.settings("client"))
        outcomes = store(gateway, files, calling_ae_title="MODALITY")
    assert [o.outcome for o in outcomes] == [Outcome.ACCEPTED] * 3
    assert [i.dataset for i in kept.instances] == [dataset_bytes(file.path.read_bytes()) for file in files]


def test_a_caller_without_a_certificate_gets_nowhere(authority: Authority) -> None:
    """No certificate, no TLS, or a stranger's certificate: an error in time, and no association."""
    stranger = Authority(authority.file.parent, "stranger")
    with receiver(Kept(), MODALITY, tls=authority.settings("server")) as us:
        good = authority.settings("client")
        for tls in (
            TlsSettings(ca=authority.file),
            None,
            stranger.settings("other", ca=authority.file),
            replace(good, ca=stranger.file),
        ):
            gateway = node("gateway", "GATEWAY", us.port, tls=tls)
            start = time.monotonic()
            with pytest.raises(NodeError):
                echo(gateway, calling_ae_title="MODALITY", timeout_s=2)
            assert time.monotonic() - start < 8
        assert echo(node("gateway", "GATEWAY", us.port, tls=good), calling_ae_title="MODALITY") < 5


def test_a_certificate_for_another_host_is_not_believed(authority: Authority) -> None:
    """A server that shows somebody else's certificate is not talked to."""
    with receiver(Kept(), MODALITY, tls=authority.settings("elsewhere", address="192.0.2.1")) as us:
        gateway = node("gateway", "GATEWAY", us.port, tls=authority.settings("client"))
        with pytest.raises(NodeError):
            echo(gateway, calling_ae_title="MODALITY", timeout_s=2)


def test_a_silent_client_does_not_delay_others(authority: Authority) -> None:
    """The handshake of one connection is its own: a client that never starts it blocks nobody."""
    with (
        receiver(Kept(), MODALITY, tls=authority.settings("server")) as us,
        socket.create_connection((HERE, us.port), timeout=5),
    ):
        gateway = node("gateway", "GATEWAY", us.port, tls=authority.settings("client"))
        assert echo(gateway, calling_ae_title="MODALITY") < 3


@pytest.mark.dcmtk
def test_echoscu_speaks_tls_with_us(authority: Authority) -> None:
    """DCMTK's own TLS, with its certificate, is understood."""
    client = authority.settings("dcmtk")
    with receiver(Kept(), MODALITY, tls=authority.settings("server")) as us:
        options = ("+tls", client.key, client.certificate, "+cf", authority.file, "-pw")
        answer = dcmtk("echoscu", *options, "-aet", "MODALITY", "-aec", "GATEWAY", HERE, us.port)
    assert answer.returncode == 0, answer.stdout


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    """A missing key or a broken PEM file is a clear error, before anything listens."""
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    with pytest.raises(NodeError, match="needs a certificate and a key"):
        server_context(TlsSettings(ca=broken))
    with pytest.raises(NodeError, match=r"broken\.pem"):
        client_context(TlsSettings(ca=broken))
