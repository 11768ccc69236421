"""A node is a value: nobody changes it behind another's back, and what is not said is on the safe side."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from dicom_nodes.node import STORING, DicomWebNode, DimseNode, ReportsBy, Role, TlsSettings

PACS = DimseNode(
    "pacs", "PACS", "127.0.0.1", 104, frozenset({Role.ARCHIVE}), tls=TlsSettings(ca=Path("ca.pem"))
)
WEB = DicomWebNode("web", "https://web/", frozenset({Role.READER}))


@pytest.mark.parametrize("node", [PACS, WEB])
def test_a_node_is_a_value(node: DimseNode | DicomWebNode) -> None:
    """It can stand in a set, equals its copy, and cannot be changed: reading nodes.yaml again makes new ones."""
    assert {node} == {type(node)(**vars(node))}
    with pytest.raises(FrozenInstanceError):
        node.name = "other"  # type: ignore[misc]


def test_what_is_not_said_is_on_the_safe_side() -> None:
    """Certificates are verified, commitment is asked for, a case waits for the signature on our form."""
    assert (WEB.verify, WEB.token_file, WEB.password_file) == (True, None, None)
    assert PACS.commitment
    assert PACS.reports_by is WEB.reports_by is ReportsBy.WEB
    assert (PACS.addresses, WEB.addresses) == ((), ())


def test_an_archive_alone_may_not_store() -> None:
    """Reports go to it; only who sends studies, or reads them, has objects for us."""
    assert frozenset({Role.SENDER, Role.READER}) == STORING
    assert not STORING & PACS.roles
