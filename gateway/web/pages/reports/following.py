"""What follows a signed report: an addendum, a correction, a withdrawal, each on a page of its own and for programs.

Who signed what is in force signs them, and who manages cases. A correction is the report form with what was signed in
it, kept as a draft meanwhile; the two others are words alone.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from gateway.errors import Conflict, GatewayError, InvalidReport, NotAllowed, WrongState
from gateway.records import credentials
from gateway.records.accounts import Viewer
from gateway.records.ledger import NewDocument
from gateway.records.tables.cases import DocumentKind
from gateway.reporting.fields import FormValues
from gateway.reporting.report import Report, report_to_form
from gateway.web.foundation.access import guess_to_sign
from gateway.web.foundation.case_access import CaseId, OpenCase, Reader, may_follow, open_case
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.problems import TooManyRequests, retry_after, status_of
from gateway.web.foundation.templates import render
from gateway.web.issuer.pages import ask_signer
from gateway.web.pages.reports.drafts import known_fields
from gateway.web.pages.reports.form_page import Corrects, posted, show_form
from gateway.web.pages.reports.prefilled import problems_of
from gateway.web.pages.reports.signing import (
    LONGEST_NOTE,
    correction,
    draft_of,
    facts_for,
    keep_draft,
    sign_following,
    words_alone,
)

Kind = Literal["addendum", "correction", "withdrawal"]

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/cases", tags=["reports"])


@router.get("/cases/{case_id}/documents/{kind}")
def document_page(
    request: Request, context: Context, viewer: Reader, case_id: CaseId, kind: Kind
) -> Response:
    """The form of a document that follows the report of a case."""
    opened = following(context, viewer, case_id)
    if DocumentKind(kind) is DocumentKind.CORRECTION:
        return _form_of_correction(request, context, viewer, opened, content_now(opened), "")
    return _form_of_words(request, context, viewer, opened, DocumentKind(kind), "")


@router.post("/cases/{case_id}/documents/{kind}")
def sign_page(
    request: Request, context: Context, viewer: Reader, case_id: CaseId, kind: Kind, fields: Posted
) -> Response:
    """Save, or sign; what was typed is shown again with what keeps it from being signed."""
    opened = following(context, viewer, case_id)
    if DocumentKind(kind) is DocumentKind.CORRECTION:
        return _posted_correction(request, context, viewer, opened, fields)
    if first(fields, "do") == "confirm" and credentials.is_issued(context.database, viewer.account_id):
        return ask_signer(request, context, viewer, case_id, f"documents/{kind}")
    note = first(fields, "note")
    try:
        new = words_alone(opened, DocumentKind(kind), note, _number(fields, "after"))
        with guess_to_sign(request, viewer):
            sign_following(context, viewer, opened, new, _password(fields), first(fields, "code"))
    except (Conflict, InvalidReport, NotAllowed, TooManyRequests, WrongState) as error:
        again = _form_of_words(request, context, viewer, opened, DocumentKind(kind), note, error)
        return _with_wait(again, error)
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


def following(context: WebContext, viewer: Viewer, case_id: int) -> OpenCase:
    """A case with a signed report, for who may sign what follows it. Raises NotThere, WrongState and NotAllowed."""
    opened = open_case(context, viewer, case_id)
    if opened.page.report is None:
        raise WrongState(f"Case {case_id} has no signed report.", "Claim the case and write the report.")
    if not may_follow(viewer, opened):
        raise NotAllowed(
            f"You did not sign the report of case {case_id}.",
            f"{opened.page.report.signer_name} or a lead signs what follows it.",
        )
    return opened


def content_now(opened: OpenCase) -> FormValues:
    """What a correction begins with: the draft of it, or what was signed."""
    assert opened.page.report is not None
    draft = opened.page.draft
    if draft is not None and draft.saved_at > opened.page.report.signed_at:
        return draft_of(opened)
    return known_fields(report_to_form(Report.as_signed(opened.page.report.content)))


def _posted_correction(
    request: Request, context: WebContext, viewer: Viewer, opened: OpenCase, fields: dict[str, list[str]]
) -> Response:
    case_id, note = opened.page.row.id, first(fields, "note")
    content, version = posted(fields)
    try:
        keep_draft(context, viewer, case_id, content, version)
        opened = following(context, viewer, case_id)
        if first(fields, "do") == "confirm" and credentials.is_issued(context.database, viewer.account_id):
            return ask_signer(request, context, viewer, case_id, "documents/correction")
        if first(fields, "do") != "sign":
            more = first(fields, "add")
            return _form_of_correction(request, context, viewer, opened, content, note, one_more=more)
        facts = facts_for(request, context, viewer, opened, content)
        if problems_of(content, opened.page, facts):
            raise InvalidReport(["The report is not complete yet: each item is marked in the form."])
        new = correction(opened, content, facts, note, _number(fields, "after"))
        with guess_to_sign(request, viewer):
            sign_following(context, viewer, opened, new, _password(fields), first(fields, "code"))
    except (Conflict, InvalidReport, NotAllowed, TooManyRequests, WrongState) as error:
        again = _form_of_correction(request, context, viewer, opened, content, note, error=error)
        return _with_wait(again, error)
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


def _form_of_correction(
    request: Request,
    context: WebContext,
    viewer: Viewer,
    opened: OpenCase,
    content: FormValues,
    note: str,
    *,
    one_more: str = "",
    error: GatewayError | None = None,
) -> Response:
    assert opened.page.report is not None
    return show_form(
        request,
        context,
        viewer,
        opened,
        content,
        status=status_of(error) if error else 200,
        checked=isinstance(error, InvalidReport),
        problem=error.problem if error else "",
        fix=error.fix if error else "",
        one_more=one_more,
        corrects=Corrects(opened.page.report.id, note),
    )


def _form_of_words(
    request: Request,
    context: WebContext,
    viewer: Viewer,
    opened: OpenCase,
    kind: DocumentKind,
    note: str,
    error: GatewayError | None = None,
) -> Response:
    return render(
        request,
        "document.html",
        viewer,
        status=status_of(error) if error else 200,
        page=opened.page,
        row=opened.page.row,
        kind=kind,
        note=note,
        longest=LONGEST_NOTE,
        problem=error.problem if error else "",
        fix=error.fix if error else "",
        with_code=context.settings.web.second_factor_to_sign,
        issued=credentials.is_issued(context.database, viewer.account_id),
        proven_until=credentials.proven_until(context.database, viewer.csrf, opened.page.row.id),
    )


def _with_wait(answer: Response, error: GatewayError) -> Response:
    if isinstance(error, TooManyRequests):
        answer.headers["Retry-After"] = retry_after(error)
    return answer


def _password(fields: dict[str, list[str]]) -> str:
    return "".join(fields.get("password", []))


def _number(fields: dict[str, list[str]], name: str) -> int:
    value = first(fields, name)
    return int(value) if value.isdecimal() and len(value) < 10 else 0


class DocumentIn(BaseModel):
    """What follows: `after` is the number of the document in force as its author saw it (`documents` of the report).

    A correction has the whole report in `form` or `report`; the others have words alone.
    """

    kind: Kind
    note: str = Field(max_length=LONGEST_NOTE)
    after: int = Field(ge=1, le=2**31 - 1)
    password: str
    code: str = Field("", max_length=100)
    form: dict[str, str | list[str]] | None = None
    report: dict[str, Any] | None = None


@api.post("/{case_id}/documents", status_code=201)
def sign_document_json(
    request: Request, context: Context, viewer: Reader, case_id: CaseId, wanted: Annotated[DocumentIn, Body()]
) -> dict[str, Any]:
    """Sign what follows the report; 409 where another document was signed meanwhile or nothing went back yet."""
    opened = following(context, viewer, case_id)
    new = _new_of(request, context, viewer, opened, wanted)
    with guess_to_sign(request, viewer):
        number = sign_following(context, viewer, opened, new, wanted.password, wanted.code)
    return {"document_id": number, "changed": list(new.changed)}


def _new_of(
    request: Request, context: WebContext, viewer: Viewer, opened: OpenCase, wanted: DocumentIn
) -> NewDocument:
    if DocumentKind(wanted.kind) is not DocumentKind.CORRECTION:
        return words_alone(opened, DocumentKind(wanted.kind), wanted.note, wanted.after)
    if wanted.report is not None:
        content = report_to_form(Report.as_signed(wanted.report))
    else:
        content = wanted.form if wanted.form is not None else content_now(opened)
    facts = facts_for(request, context, viewer, opened, content)
    return correction(opened, content, facts, wanted.note, wanted.after)
