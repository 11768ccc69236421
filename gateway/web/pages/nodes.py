"""The other systems, for those who run the gateway: echo, what is owed to them, who was turned away, with the fix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.errors import NodeError
from dicom_nodes.node import ConfirmsBy, DimseNode, Node
from gateway import clock
from gateway.certificates import ending, own_certificates
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.tables.administration import ShownCertificate
from gateway.records.views import case_rows, commitment_rows, notice_rows
from gateway.web.foundation.access import may
from gateway.web.foundation.case_access import CaseId
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.redaction import without_uids
from gateway.web.foundation.rights import Right
from gateway.web.foundation.templates import render

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/nodes", tags=["nodes"])

Runner = Annotated[Viewer, Depends(may(Right.RUN))]


@dataclass(frozen=True)
class EchoResult:
    """What came of asking a node whether it is there."""

    node: str
    milliseconds: float | None
    problem: str
    fix: str


def ask(context: WebContext, name: str) -> EchoResult:
    """C-ECHO (PS3.4 Annex A) or a DICOMweb query; a node that does not answer is an answer too. Raises UnknownNode."""
    from dicom_nodes.sender import echo  # with it comes pynetdicom, which the other pages need not have

    node = context.directory().get(name)
    try:
        seconds = echo(node, calling_ae_title=context.settings.dicom.ae_title)
    except NodeError as error:
        return EchoResult(name, None, error.problem, error.fix)
    return EchoResult(name, seconds * 1000, "", "")


def _described(node: Node) -> dict[str, Any]:
    common = {
        "name": node.name,
        "site": node.site,
        "roles": sorted(role.value for role in node.roles),
        "success_is_enough": node.confirms_by is ConfirmsBy.STORE,
        "service_addresses": [],
        "calls_as": [],
        "commits_as": [],
    }
    if isinstance(node, DimseNode):
        own = {
            "kind": "DICOM",
            "ae_title": node.ae_title,
            "address": f"{node.host}:{node.port}",
            "tls": node.tls is not None,
            "bound": len(node.certificates),
            "service_addresses": [
                f"{', '.join(services)}: {address.ae_title} at {address.host}:{address.port}"
                for address, services in node.service_addresses.items()
                if len(node.service_addresses) > 1
            ],
            "calls_as": sorted(node.calls_as) if node.calling_ae_titles else [],
            "commits_as": sorted(node.commits_as) if node.commitment_results_from else [],
        }
    else:
        own = {
            "bound": 0,
            "kind": "DICOMweb",
            "ae_title": "",
            "address": node.url,
            "tls": node.url.startswith("https:"),
        }
    return common | own


def _certificates(context: WebContext, shown: Sequence[ShownCertificate]) -> list[dict[str, Any]]:
    """Ours and those that nodes showed last, the first to end first."""
    now = clock.now()
    try:
        directory = context.directory()
    except NodeError:
        directory = NodeDirectory()
    every: list[dict[str, Any]] = [
        {"of": "ours", "what": own.where, **vars(own.certificate)}
        for own in own_certificates(context.settings, directory)
    ]
    every += [
        {
            "of": row.node,
            "what": "shown when it called" if row.use == "calling" else "shown when it was called",
            "subject": row.subject,
            "fingerprint": row.fingerprint,
            "expires_at": row.expires_at,
        }
        for row in shown
    ]
    for one in every:
        one["ending"] = ending(f"{one['of']}, {one['what']}", one["expires_at"], now)
    return sorted(every, key=lambda one: one["expires_at"])


def _page(
    request: Request, context: WebContext, viewer: Viewer, answer: EchoResult | None = None
) -> Response:
    problems: Sequence[str] = ()
    nodes: list[dict[str, Any]] = []
    try:
        nodes = [_described(node) for node in context.directory()]
    except NodeError as error:
        problems = getattr(error, "problems", [error.problem])
    with context.database.read() as session:
        refusals = case_rows.refusals(session)
        results = commitment_rows.newest(session)
        shown = notice_rows.shown_certificates(session)
        channels, told = notice_rows.channels(session), notice_rows.newest(session)
    return render(
        request,
        "nodes.html",
        viewer,
        wrong=context.wrong_configuration(),
        nodes=nodes,
        problems=problems,
        refusals=refusals,
        results=results,
        channels=channels,
        notices=told,
        answer=answer,
        certificates=_certificates(context, shown),
        own=context.settings.dicom,
    )


@router.get("/nodes")
def nodes_page(request: Request, context: Context, viewer: Runner) -> Response:
    """Every node of nodes.yaml, the results of storage commitment that are owed, and who was turned away."""
    return _page(request, context, viewer)


@router.post("/nodes/{name}/echo")
def echo_page(request: Request, context: Context, viewer: Runner, name: str) -> Response:
    """Ask a node and show the answer."""
    return _page(request, context, viewer, ask(context, name))


@router.post("/nodes/results/{result_id}/retry")
def retry_page(context: Context, viewer: Runner, result_id: CaseId) -> Response:
    """Report a result of storage commitment once more, now."""
    ledger.retry(context.database, "result", result_id, viewer.login)
    return RedirectResponse("/nodes", status_code=303)


@router.post("/nodes/results/{result_id}/drop")
def drop_page(context: Context, viewer: Runner, result_id: CaseId) -> Response:
    """Report a result no more: nobody waits for it."""
    ledger.drop_result(context.database, result_id, viewer.login)
    return RedirectResponse("/nodes", status_code=303)


@api.get("/results")
def results_json(context: Context, _viewer: Runner) -> dict[str, Any]:
    """The results of storage commitment that are owed, or were told: those that wait for a person first."""
    with context.database.read() as session:
        rows = commitment_rows.newest(session)
    times = [(row.asked_at.isoformat(), row.reached_at.isoformat()) for row in rows]
    return {
        "results": [
            without_uids(vars(row) | {"asked_at": asked, "reached_at": reached})
            for row, (asked, reached) in zip(rows, times, strict=True)
        ]
    }


@api.post("/results/{result_id}/retry", status_code=204)
def retry_json(context: Context, viewer: Runner, result_id: CaseId) -> Response:
    """Report a result of storage commitment once more, now."""
    ledger.retry(context.database, "result", result_id, viewer.login)
    return Response(status_code=204)


@api.post("/results/{result_id}/drop", status_code=204)
def drop_json(context: Context, viewer: Runner, result_id: CaseId) -> Response:
    """Report a result no more."""
    ledger.drop_result(context.database, result_id, viewer.login)
    return Response(status_code=204)


@api.post("/{name}/echo")
def echo_json(context: Context, _viewer: Runner, name: str) -> dict[str, Any]:
    """Ask a node: milliseconds, or the problem with its fix."""
    answer = ask(context, name)
    return without_uids(vars(answer))
