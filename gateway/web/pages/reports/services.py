"""The report for programs: drafts kept by script, the signature, what was signed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, Field, ValidationError

from gateway.errors import AlreadySigned, InvalidReport, NotClaimed, NotThere
from gateway.records.tables.cases import DocumentKind
from gateway.reporting.lesions.earlier_forms import draft_of_today
from gateway.reporting.report import Contradiction, Report, report_to_form
from gateway.web.foundation.access import guess_to_sign
from gateway.web.foundation.case_access import CaseId, Reader, may_follow, open_case
from gateway.web.foundation.context import Context
from gateway.web.foundation.templates import told_to
from gateway.web.pages.queue import Looker
from gateway.web.pages.reports.drafts import known_fields
from gateway.web.pages.reports.saved_answer import listed, told
from gateway.web.pages.reports.signing import draft_of, facts_for, keep_draft, sign

LONGEST_LIST = 1000
"""So many fields of a draft are looked at for names that the form has not."""

api = APIRouter(prefix="/api/cases", tags=["reports"])


class DraftIn(BaseModel):
    """A draft to keep: the form's fields, and the version they were edited from (0: none)."""

    version: int = Field(ge=0)
    content: dict[str, str | list[str]]


class SignatureIn(BaseModel):
    """A signature: the password again, and what is signed: the form's fields, a whole report, or the saved draft."""

    password: str
    code: str = Field("", max_length=100, description="of the second factor, where the site asks for one")
    form: dict[str, str | list[str]] | None = None
    report: dict[str, Any] | None = None


@api.get("/{case_id}/report")
def report_json(request: Request, context: Context, viewer: Looker, case_id: CaseId) -> dict[str, Any]:
    """The draft (with its version) or the report in force, what keeps it from being signed, and what is asked of it.

    `documents` are all that were signed, newest first; after a withdrawal `report` is null.
    """
    opened = open_case(context, viewer, case_id)
    page = opened.page
    if page.row.forgotten_at is not None:
        raise NotThere(f"The patient of case {case_id} was forgotten.", "Its page has what remains.")
    if page.report is not None:
        signed = {
            "by": page.report.signer_name,
            "at": told_to(viewer, page.report.signed_at),
            "digest": page.report.digest,
        }
        return {
            "version": page.report.version,
            "signed": signed,
            # No report stands after a withdrawal: what was signed before it must not be read as one.
            "report": None if page.report.kind == DocumentKind.WITHDRAWAL else page.report.content,
            "documents": [
                {
                    "id": each.id,
                    "kind": each.kind,
                    "version": each.version,
                    "by": each.signer_name,
                    "at": told_to(viewer, each.signed_at),
                    "note": each.note,
                    "changed": list(each.changed),
                    "digest": each.digest,
                }
                for each in page.documents
            ],
            "problems": [],
            "questions": [],
        }
    content = draft_of(opened)
    version = page.draft.version if page.draft else 0
    return {"version": version, "signed": None, "content": content} | listed(
        content, opened.page, facts_for(request, context, viewer, opened, content)
    )


@api.put("/{case_id}/report")
def put_draft(
    request: Request, context: Context, viewer: Reader, case_id: CaseId, draft: Annotated[DraftIn, Body()]
) -> dict[str, Any]:
    """Keep what the form has of a draft, and list what it has not among the problems.

    409 when it was edited from an older version than the kept one, or is not claimed by the caller.
    """
    opened = open_case(context, viewer, case_id)
    if opened.page.report is not None and not may_follow(viewer, opened):
        raise AlreadySigned(
            f"Case {case_id} is already signed.",
            f"{opened.page.report.signer_name} or a lead writes what follows it.",
        )
    given = {name: value for name, value in draft_of_today(draft.content).items() if value not in ("", [])}
    content = known_fields(given)
    version = keep_draft(context, viewer, case_id, content, draft.version)
    answer = listed(content, opened.page, facts_for(request, context, viewer, opened, content))
    answer["problems"] += told(
        Contradiction(name[:60], "The form has no such field; it was not kept.", "Remove it.")
        for name in list(given)[:LONGEST_LIST]
        if name not in content
    )
    return {"version": version, "saved_at": opened.now.isoformat()} | answer


@api.post("/{case_id}/sign", status_code=201)
def sign_json(
    request: Request,
    context: Context,
    viewer: Reader,
    case_id: CaseId,
    signature: Annotated[SignatureIn, Body()],
) -> dict[str, Any]:
    """Sign; 422 lists every problem, 403 a wrong password, 429 too many, 409 a second signature or a lost claim."""
    opened = open_case(context, viewer, case_id)
    if opened.page.report is not None:
        raise AlreadySigned(
            f"Case {case_id} is already signed.", "Sign what follows it: an addendum or a correction."
        )
    if not opened.mine:
        raise NotClaimed(f"Case {case_id} is not claimed by you.", "Claim it first.")
    if signature.report is not None:
        try:  # its shape here; what its parts must agree on when it is signed
            content = report_to_form(Report.as_signed(signature.report))
        except ValidationError as error:
            raise InvalidReport(
                [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False)]
            ) from None
    else:
        content = signature.form if signature.form is not None else draft_of(opened)
    facts = facts_for(request, context, viewer, opened, content)
    with guess_to_sign(request, viewer):
        return {
            "report_id": sign(context, viewer, opened, content, facts, signature.password, signature.code)
        }
