"""DICOM over TLS: certificates on both sides, bound to nodes; what is wrong with one is said, and delays nobody."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from dicom_nodes import certificates
from dicom_nodes.certificates import Certificate
from dicom_nodes.errors import NodeError, TlsRefused
from dicom_nodes.node import DicomWebNode, DimseNode, Role, TlsSettings
from dicom_nodes.outcomes import Outcome
from dicom_nodes.scp.refusals import RefusedCaller
from dicom_nodes.sender import echo, store
from dicom_nodes.upper_layer.tls import client_context, server_context
from support.nodes.certificates import Authority
from support.nodes.peers import HERE, Kept, dcmtk, node, receiver
from support.objects.dicom_files import dataset_bytes, mr_file

PLAIN = node("modality", "MODALITY", 4242)
MODALITY = replace(PLAIN, certificates=("CN=client", "CN=dcmtk"))


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


# ---------------------------------------------------------------- whose certificate it is


def _refused(
    authority: Authority, caller: DimseNode, tls: TlsSettings | None, server: TlsSettings | None
) -> list[RefusedCaller]:
    """What is said of this caller; an empty list: it was let in."""
    refused: list[RefusedCaller] = []
    with receiver(Kept(), caller, tls=server, refused=refused.append) as us:
        with suppress(NodeError):
            echo(node("gateway", "GATEWAY", us.port, tls=tls), calling_ae_title="MODALITY", timeout_s=2)
        time.sleep(0.05)
    return refused


def test_a_node_is_let_in_with_its_own_certificate_alone(authority: Authority) -> None:
    """By fingerprint or subject; with another of the same authority, and where none is bound, it is told why."""
    server, own, other = (authority.settings(name) for name in ("server", "own", "other"))
    assert own.certificate is not None
    [shown] = certificates.of_file(own.certificate)
    with_colons = "SHA256:" + ":".join(shown.fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    for bound in (shown.fingerprint, with_colons, "CN=own", " CN = own "):
        caller = replace(PLAIN, certificates=("CN=spare", bound))
        assert _refused(authority, caller, own, server) == []
        [refusal] = _refused(authority, caller, other, server)
        assert refusal.node == "modality"
        assert (
            refusal.why == "It shows the certificate CN=other, and nodes.yaml binds modality to another one."
        )
    [refusal] = _refused(authority, PLAIN, own, server)
    assert refusal.why == "It shows the certificate CN=own, and nodes.yaml binds modality to none."
    assert refusal.fix.endswith(f"certificates: [{shown.fingerprint}].")


def test_a_bound_node_is_not_taken_without_its_certificate(authority: Authority) -> None:
    """Where the gateway asks for none, or speaks no TLS at all, nobody can show that it is that node."""
    caller = replace(PLAIN, certificates=("CN=own",))
    server = replace(authority.settings("server"), ca=None)
    client = authority.settings("own")
    for tls, ours in ((client, server), (None, None)):
        [refusal] = _refused(authority, caller, tls, ours)
        assert "shows no certificate" in refusal.why
        assert _refused(authority, PLAIN, tls, ours) == []


def test_who_was_let_in_is_known_by_its_certificate(authority: Authority) -> None:
    """For whoever watches when it ends; that it cannot be noted keeps nobody out."""
    seen: list[tuple[str, Certificate]] = []

    def note(name: str, shown: Certificate) -> None:
        seen.append((name, shown))
        raise RuntimeError

    client = authority.settings("client")
    assert client.certificate is not None
    with receiver(Kept(), MODALITY, tls=authority.settings("server"), shown=note) as us:
        assert echo(node("gateway", "GATEWAY", us.port, tls=client), calling_ae_title="MODALITY") < 5
    assert seen == [("modality", certificates.of_file(client.certificate)[0])]


def test_a_failed_handshake_is_told_with_its_reason(authority: Authority) -> None:
    """Expired, of an unknown authority, or not TLS at all: on the page of the refusals."""
    stranger = Authority(authority.file.parent, "strange")
    server = authority.settings("server")
    for tls, why in (
        (authority.settings("old", days=-1), "its certificate has expired"),
        (stranger.settings("odd", ca=authority.file), "authority|issuer"),
        (TlsSettings(ca=authority.file), "it showed no certificate"),
        (None, "it does not speak TLS"),
    ):
        [refusal, *_] = _refused(authority, MODALITY, tls, server)
        assert refusal.why.startswith("The TLS handshake failed: ")
        assert any(part in refusal.why for part in why.split("|")), refusal.why
        assert refusal.fix


# ---------------------------------------------------------------- what is wrong with one, when we call


@pytest.mark.parametrize(
    ("server", "client", "problem"),
    [
        ({"days": -1}, {}, "its certificate has expired"),
        ({"address": "192.0.2.1"}, {}, "its certificate is for another host"),
        ({}, {"ca": "stranger"}, "the issuer of its certificate is not known|its authority is not known"),
        ({}, {"days": -1}, "it says that our certificate has expired"),
        ({}, {"none": True}, "it wants a certificate of ours"),
        ({}, {"signed": "stranger"}, "it does not know the authority of our certificate"),
        ({"plain": True}, {}, "it does not speak TLS"),
    ],
)
def test_the_problem_of_a_certificate_is_named(
    authority: Authority, server: dict[str, object], client: dict[str, object], problem: str
) -> None:
    """Which one, what of it, and what helps; the same call works again when that is mended."""
    stranger = Authority(authority.file.parent, "stranger")
    days = float(str(client.get("days", 90)))
    ours = authority.settings("client", days=days)
    if client.get("ca"):
        ours = replace(ours, ca=stranger.file)
    if client.get("none"):
        ours = TlsSettings(ca=authority.file)
    if client.get("signed"):
        ours = stranger.settings("client2", ca=authority.file)
    theirs = authority.settings(
        "theirs", days=float(str(server.get("days", 90))), address=str(server.get("address", HERE))
    )
    with receiver(Kept(), MODALITY, tls=None if server.get("plain") else theirs) as us:
        gateway = node("gateway", "GATEWAY", us.port, tls=ours)
        with pytest.raises(TlsRefused) as refused:
            echo(gateway, calling_ae_title="MODALITY", timeout_s=2)
    assert any(part in refused.value.problem for part in problem.split("|")), refused.value.problem
    assert refused.value.fix
    assert refused.value.transient


@contextmanager
def https(settings: TlsSettings) -> Iterator[int]:
    """A server that shakes hands and says nothing more; its port."""
    context = server_context(replace(settings, ca=None))
    with socket.create_server((HERE, 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with suppress(OSError), connection, context.wrap_socket(connection, server_side=True):
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_dicomweb_names_it_too(authority: Authority) -> None:
    """Of a service that shows a certificate that has expired, or one for another host."""
    for more, problem in (
        ({"days": -1.0}, "its certificate has expired"),
        ({"address": "192.0.2.1"}, "its certificate is for another host"),
    ):
        with https(authority.settings("web", **more)) as port:  # type: ignore[arg-type]
            web = DicomWebNode(
                "web", f"https://{HERE}:{port}/x", frozenset({Role.READER}), verify=authority.file
            )
            with pytest.raises(TlsRefused, match=problem):
                echo(web, calling_ae_title="GATEWAY", timeout_s=2)


def test_a_silent_client_does_not_delay_others(authority: Authority) -> None:
    """The handshake of one connection is its own: a client that never starts it blocks nobody."""
    with (
        receiver(Kept(), MODALITY, tls=authority.settings("server")) as us,
        socket.create_connection((HERE, us.port), timeout=5),
    ):
        gateway = node("gateway", "GATEWAY", us.port, tls=authority.settings("client"))
        assert echo(gateway, calling_ae_title="MODALITY") < 3


@pytest.mark.dcmtk
def test_dcmtk_speaks_tls_with_us_under_its_own_certificate(authority: Authority) -> None:
    """DCMTK's own TLS is understood; with another certificate of the authority it is rejected."""
    refused: list[RefusedCaller] = []
    with receiver(Kept(), MODALITY, tls=authority.settings("server"), refused=refused.append) as us:
        for name, status in (("dcmtk", 0), ("another", 1)):
            client = authority.settings(name)
            options = ("+tls", client.key, client.certificate, "+cf", authority.file, "-pw")
            answer = dcmtk("echoscu", *options, "-aet", "MODALITY", "-aec", "GATEWAY", HERE, us.port)
            assert bool(answer.returncode) == bool(status), answer.stdout
    assert ["CN=another" in refusal.why for refusal in refused] == [True]


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    """A missing key or a broken PEM file is a clear error, before anything listens."""
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    with pytest.raises(NodeError, match="needs a certificate and a key"):
        server_context(TlsSettings(ca=broken))
    with pytest.raises(NodeError, match=r"broken\.pem"):
        client_context(TlsSettings(ca=broken))
