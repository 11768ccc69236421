"""Is anybody there? C-ECHO (PS3.4 Annex A, PS3.7 9.1.5)."""

from __future__ import annotations

import time
from dataclasses import replace

from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    Verification,
)

from dicom_nodes.errors import NodeTimeout, RequestRefused
from dicom_nodes.node import DimseNode
from dicom_nodes.outcomes import Answered, Broken, meaning, meaning_of_status
from dicom_nodes.peer_numbers import stated_number
from dicom_nodes.upper_layer.contexts import UNCOMPRESSED
from dicom_nodes.upper_layer.pynetdicom_private import hold_reactor
from dicom_nodes.upper_layer.pynetdicom_setup import associate, close

_NO_CONTEXT = 0x0122


def echo(node: DimseNode, *, calling_ae_title: str, timeout_s: float) -> float:
    """C-ECHO at each address of the node; seconds from the first packet to the last answer."""
    start = time.perf_counter()
    for address in node.service_addresses:
        there = replace(node, ae_title=address.ae_title, host=address.host, port=address.port)
        _echo(there, calling_ae_title=calling_ae_title, timeout_s=timeout_s)
    return time.perf_counter() - start


def _echo(node: DimseNode, *, calling_ae_title: str, timeout_s: float) -> None:
    where = f"Node {node.name!r} ({node.ae_title} at {node.host}:{node.port})"
    association = associate(
        node,
        [build_context(Verification, list(UNCOMPRESSED))],
        calling_ae_title=calling_ae_title,
        timeout_s=timeout_s,
    )
    try:
        if not association.is_established:
            raise RequestRefused(
                f"{where} does not offer verification (C-ECHO).",
                "Nothing to correct here; ask the people who run it.",
                status=_NO_CONTEXT,
                answer=meaning(Answered.BROKEN, Broken.NO_CONTEXT),
            )
        hold_reactor(association)
        status = association.send_c_echo()
        code = stated_number(status.get("Status"))
        if code is None:
            raise NodeTimeout(f"{where} did not answer the C-ECHO in time.", "Try again later.")
        if code != 0:
            raise RequestRefused(
                f"{where} answered the C-ECHO with {meaning_of_status(code)}.",
                "Ask the people who run it.",
                status=code,
                answer=meaning(Answered.DIMSE, code),
            )
    finally:
        close(association)
