"""Whose an object is that came by STOW-RS: a node's, or an upload for a site."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from dicom_nodes.directory import may_call_from
from dicom_nodes.errors import NodeError
from dicom_nodes.node import STORING, Node, Role
from gateway.errors import NotAllowed
from gateway.intake import SENDER
from gateway.records.accounts import Viewer
from gateway.records.credentials import ClientRow
from gateway.web.foundation.context import WebContext
from gateway.web.foundation.uploaded_files import own_site


@dataclass(frozen=True)
class Sender:
    """Under what an instance is kept; `called` stands where DIMSE has the calling AE title."""

    called: str
    address: str
    node: str
    site: str
    account: int | None
    roles: frozenset[Role]


def sender_of(request: Request, context: WebContext, caller: Viewer | ClientRow) -> Sender:
    """The sender behind a request. Raises NotAllowed where it is to act for a node and cannot."""
    address = request.client.host if request.client is not None else ""
    if isinstance(caller, ClientRow):
        return _of_client(context, caller, address)
    upload = Sender(caller.login[:16], address, "", own_site(caller), caller.account_id, SENDER)
    node = context.directory().of_account(caller.login)
    if node is None:
        return upload
    if not STORING & node.roles or not may_call_from(node, address):
        raise NotAllowed(
            f"This account stores for the node {node.name}, which does not send from {address}.",
            "Call from one of its addresses in nodes.yaml, write this one there, or give the node the role it has.",
        )
    return _of_node(node, caller.login, address)


def _of_client(context: WebContext, client: ClientRow, address: str) -> Sender:
    if not client.node:
        return Sender(client.name[:16], address, "", client.site, None, SENDER)
    node = _storing_node(context, client.node)
    if node is None:
        raise NotAllowed(
            f"This token acts for the node {client.node}, which is not in nodes.yaml or sends nothing.",
            "Write the node into nodes.yaml with the role sender or reader, or give the program another token.",
        )
    if node.addresses and not may_call_from(node, address):
        raise NotAllowed(
            f"The node {client.node} does not call from {address}.",
            "Call from one of its addresses in nodes.yaml, or write this one there.",
        )
    return _of_node(node, client.name, address)


def _of_node(node: Node, called: str, address: str) -> Sender:
    return Sender(called[:16], address, node.name, node.site, None, node.roles)


def _storing_node(context: WebContext, name: str) -> Node | None:
    try:
        node = context.directory().get(name)
    except NodeError:
        return None
    return node if STORING & node.roles else None
