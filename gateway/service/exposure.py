"""What `gateway check` says of others who could get at something: files, certificates, cookies, talkative libraries."""

from __future__ import annotations

from collections.abc import Iterator

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.errors import NodeFileError
from dicom_nodes.node import DimseNode, Role
from gateway import clock
from gateway.certificates import ending, own_certificates
from gateway.service.private_files import wide
from gateway.service.problem import Problem
from gateway.settings import Settings


def private(settings: Settings) -> Iterator[Problem]:
    """Files and folders that other accounts of this machine may reach; a key file that is open is told by _keys."""
    for open_to_others in wide(settings):
        if open_to_others.first.suffix == ".key":
            continue
        more = (
            f", and {open_to_others.others} more in {open_to_others.place}" if open_to_others.others else ""
        )
        yield Problem(
            "files",
            f"Other accounts may reach {open_to_others.first} (mode {open_to_others.mode:04o}){more}.",
            f"Run: chmod -R go-rwx {open_to_others.place}",
        )


def certificates(settings: Settings) -> Iterator[Problem]:
    """Those of ours that end, and nodes that nobody could tell apart by theirs."""
    try:
        directory = NodeDirectory.from_file(settings.files.nodes)
    except NodeFileError:
        return  # told by _nodes_and_rules
    now = clock.now()
    for own in own_certificates(settings, directory):
        if text := ending(own.where, own.certificate.expires_at, now):
            has_ended = own.certificate.expires_at <= now
            yield Problem("certificates", text, f"Have {own.file} renewed.", severe=has_ended)
    asked = settings.dicom.tls_certificate is not None and settings.dicom.tls_ca is not None
    for node in directory:
        if not isinstance(node, DimseNode) or asked == bool(node.certificates):
            continue
        if asked:
            yield Problem(
                "certificates",
                f"{node.name} is bound to no certificate: when it calls it is refused.",
                "Give it certificates in nodes.yaml; the page Nodes has the line for a caller that was refused.",
                severe=Role.SENDER in node.roles,
            )
        else:
            yield Problem(
                "certificates",
                f"{node.name} is bound to a certificate, and the gateway asks callers for none: it is refused.",
                "Set [dicom] tls_certificate, tls_key and tls_ca, or take certificates out of the node.",
            )


def security(settings: Settings) -> Iterator[Problem]:
    """Libraries that may print, and cookies without TLS."""
    for library in settings.log.raised:
        yield Problem(
            "log",
            f"The log has what {library.logger} prints from {library.level} on ({library.why}): it may name patients.",
            "Fine while somebody needs it; then take it out of [log] libraries.",
            severe=False,
        )
    if settings.web.host not in ("127.0.0.1", "localhost", "::1") and not settings.web.secure_cookies:
        yield Problem(
            "web",
            "The pages are reachable from other machines and cookies may travel without TLS.",
            "Put a TLS proxy in front and set [web] secure_cookies = true.",
            severe=False,
        )
