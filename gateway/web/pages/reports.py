"""The report: the form and its plain POSTs, drafts saved by script, and the signature.

A draft has a version: who saves from an older one is told so and overwrites nothing. The signature asks for the
password again and is given to exactly the content that was checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Body, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field, ValidationError

from gateway.errors import (
    AlreadySigned,
    Conflict,
    InvalidReport,
    NotAllowed,
    NotClaimed,
    NotThere,
    WrongState,
)
from gateway.records import credentials, ledger
from gateway.records.accounts import Viewer
from gateway.records.views.earlier_cases import earlier_cases
from gateway.records.views.own_rule import own_rule
from gateway.reporting.fields import FormValues
from gateway.reporting.form import GROUP_NUMBER
from gateway.reporting.lesions.earlier_forms import draft_of_today
from gateway.reporting.lesions.identity import highest_number, tracked, with_prior
from gateway.reporting.report import (
    Contradiction,
    Report,
    StudyFacts,
    form_problems,
    form_questions,
    report_from_form,
    report_to_form,
)
from gateway.web.foundation import telling
from gateway.web.foundation.access import guess_to_sign
from gateway.web.foundation.case_access import CaseId, OpenCase, Reader, open_case
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.images import Pictures
from gateway.web.foundation.problems import TooManyRequests, retry_after, status_of
from gateway.web.foundation.report_recipient import recipient_of
from gateway.web.foundation.templates import render, told_to
from gateway.web.issuer.pages import ask_signer
from gateway.web.pages import report_form
from gateway.web.pages.explanation import shown_overrule, shown_requirements
from gateway.web.pages.gallery import copies_seen, images_of, viewer_series
from gateway.web.pages.lesion_history import lesions_before
from gateway.web.pages.queue import Looker
from gateway.web.pages.reporting.saved_answer import listed, told
from gateway.web.pages.reporting.study_facts import facts_of
from gateway.web.pages.spectroscopy.ratio_chart import PATTERN, Visit, charts, visits
from gateway.web.pages.verdict import may_judge

VERSION = re.compile(r"[0-9]{1,9}")
LONGEST_LIST = 1000
"""So many fields of a draft are looked at for names that the form has not."""

router = APIRouter(include_in_schema=False)
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


@router.get("/cases/{case_id}/report")
def report_page(request: Request, context: Context, viewer: Looker, case_id: CaseId) -> Response:
    """The form for the reader who holds the case; the signed report for everybody who may see it."""
    opened = open_case(context, viewer, case_id)
    if opened.page.row.forgotten_at is not None:  # its page tells so
        return RedirectResponse(f"/cases/{case_id}", status_code=303)
    if opened.page.report is not None:
        signed = Report.as_signed(opened.page.report.content)
        content = report_to_form(signed)
        return render(
            request,
            "report_signed.html",
            viewer,
            opened=opened,
            page=opened.page,
            row=opened.page.row,
            sections=report_form.sections(content),
            ratios=charts([*visits(opened.page.priors), Visit(0, tuple(signed.spectra))]),
            pattern=PATTERN,
        )
    if not opened.mine:
        return RedirectResponse(f"/cases/{case_id}", status_code=303)
    return _form(request, context, viewer, opened, draft_of(opened))


def draft_of(opened: OpenCase) -> FormValues:
    """The saved draft, or what the gateway can fill in by itself."""
    draft = opened.page.draft
    if draft is None:
        return report_form.prefilled(opened.page)
    return report_form.known_fields(draft_of_today(draft.content))


def _form(
    request: Request,
    context: WebContext,
    viewer: Viewer,
    opened: OpenCase,
    content: FormValues,
    *,
    status: int = 200,
    checked: bool = False,
    problem: str = "",
    fix: str = "",
    one_more: str = "",
    version: int | None = None,
) -> Response:
    """The form; `checked` shows each problem beside its item, which only annoys before the first attempt to sign."""
    page = opened.page
    before = lesions_before(page)
    content = with_prior(content, before)
    facts = facts_for(request, context, viewer, opened, content)
    missing = form_problems(content, facts)
    images = images_of(request, context, viewer, page.row.id)
    with context.database.read() as session:
        interval = own_rule(session, page.study_id, context.guidelines)
    saved = page.draft.version if page.draft else 0
    return render(
        request,
        "report.html",
        viewer,
        status=status,
        opened=opened,
        page=page,
        row=page.row,
        goes_to=recipient_of(context, page),
        sections=report_form.sections(
            content, missing if checked else (), one_more, form_questions(content, facts)
        ),
        earlier_days=facts.earlier_days or (),
        language=content.get("language") or "en",
        missing=missing,
        with_code=context.settings.web.second_factor_to_sign,
        checked=checked,
        version=saved if version is None else version,
        saved_at=page.draft.saved_at if page.draft else None,
        told_lines=telling.shown(page.told),
        images=images,
        pictured=viewer_series(images, page),
        overrule=shown_overrule(page.overrule),
        limits=shown_requirements(page.verdict)["limits"],
        own_rule=interval,
        may_judge=may_judge(viewer, opened),
        problem=problem,
        fix=fix,
        issued=credentials.is_issued(context.database, viewer.account_id),
        proven_until=credentials.proven_until(context.database, viewer.csrf, page.row.id),
        placeholder=report_form.PLACEHOLDER,
        highest=highest_number(before),
        ratios=charts(visits(page.priors)),
        pattern=PATTERN,
    )


def keep_draft(context: WebContext, viewer: Viewer, case_id: int, content: FormValues, version: int) -> int:
    """Save and prolong the claim; returns the new version."""
    lease = timedelta(minutes=context.settings.web.claim_minutes)
    return ledger.save_draft(context.database, case_id, viewer.account_id, content, version, lease)


def facts_for(
    request: Request, context: WebContext, viewer: Viewer, opened: OpenCase, content: Mapping[str, Any]
) -> StudyFacts:
    """What a report with this content must not contradict; its pictures are asked for only where it names one."""
    case_id, index = opened.page.row.id, None
    if report_form.names_pictures(content):
        pictures: Pictures = request.app.state.pictures
        index = pictures.index(copies_seen(context, viewer, case_id))
    with context.database.read() as session:
        earlier = earlier_cases(session, viewer, case_id)
    return facts_of(opened.page, opened.now, earlier, index)


def sign(
    context: WebContext,
    viewer: Viewer,
    opened: OpenCase,
    content: FormValues,
    facts: StudyFacts,
    password: str,
    code: str = "",
) -> int:
    """Check everything once more and sign; returns the report's number.

    What the prior report says of a lesion comes from the records, whatever the form says of it.
    """
    report = report_from_form(with_prior(content, lesions_before(opened.page)), facts)
    if problems := report.problems(facts):
        raise InvalidReport([str(problem) for problem in problems])
    report = report.model_copy(update={"lesions": tracked(report.lesions, _new_uid)})
    _prove(context, viewer, opened.page.row.id, password, code)
    return ledger.sign_report(
        context.database, opened.page.row.id, viewer.account_id, report.model_dump(mode="json")
    )


def _prove(context: WebContext, viewer: Viewer, case_id: int, password: str, code: str) -> None:
    """Who signs is who is signed in: by the password asked again, or by the issuer that was asked again."""
    if credentials.is_issued(context.database, viewer.account_id):
        ledger.use_proof(context.database, viewer.csrf, viewer.account_id, case_id)
    else:
        with_code = context.settings.web.second_factor_to_sign
        ledger.check_password(context.database, viewer.account_id, password, code, with_code=with_code)


def _new_uid() -> str:
    """A UID of a lesion that no report had before (PS3.5 B.2)."""
    return f"2.25.{uuid4().int}"


@router.post("/cases/{case_id}/report")
def post_report(
    request: Request, context: Context, viewer: Reader, case_id: CaseId, fields: Posted
) -> Response:
    """The form without scripts: save, add or remove a group, or sign, as the pressed button says."""
    opened = open_case(context, viewer, case_id)
    if opened.page.report is not None:
        raise AlreadySigned(
            f"Case {case_id} is already signed.", "A correction is an addendum, never an overwrite."
        )
    content = report_form.content_of(fields)
    if section_and_number := first(fields, "remove"):
        section, _, number = section_and_number.partition(".")
        content = report_form.without_group(
            content, section, int(number) if GROUP_NUMBER.fullmatch(number) else -1
        )
    version = first(fields, "version")
    try:
        keep_draft(context, viewer, case_id, content, int(version) if VERSION.fullmatch(version) else 0)
    except (Conflict, WrongState) as error:
        # What was typed must not be lost to a race: it is shown again, with what happened.
        fix = f"{error.fix} What you entered is below and not saved; saving it replaces the kept draft."
        return _form(request, context, viewer, opened, content, status=409, problem=error.problem, fix=fix)
    opened = open_case(context, viewer, case_id)
    if first(fields, "do") == "confirm" and credentials.is_issued(context.database, viewer.account_id):
        return ask_signer(request, context, viewer, case_id)
    if first(fields, "do") != "sign":
        return _form(request, context, viewer, opened, content, one_more=first(fields, "add"))
    facts = facts_for(request, context, viewer, opened, content)
    if report_form.problems_of(content, opened.page, facts):
        return _form(
            request,
            context,
            viewer,
            opened,
            content,
            status=422,
            checked=True,
            problem="The report is not complete yet.",
            fix="Each item is marked in the form and listed at the signature.",
        )
    try:
        with guess_to_sign(request, viewer):
            password = "".join(fields.get("password", []))
            sign(context, viewer, opened, content, facts, password, first(fields, "code"))
    except (NotAllowed, TooManyRequests, WrongState) as error:  # a wrong password; the study is contested
        again = _form(
            request,
            context,
            viewer,
            opened,
            content,
            status=status_of(error),
            checked=True,
            problem=error.problem,
            fix=error.fix,
        )
        if isinstance(error, TooManyRequests):
            again.headers["Retry-After"] = retry_after(error)
        return again
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


# ---------------------------------------------------------------- JSON


@api.get("/{case_id}/report")
def report_json(request: Request, context: Context, viewer: Looker, case_id: CaseId) -> dict[str, Any]:
    """The draft (with its version) or the signed report, what keeps it from being signed, and what is asked of it."""
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
            "report": page.report.content,
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
    given = {name: value for name, value in draft_of_today(draft.content).items() if value not in ("", [])}
    content = report_form.known_fields(given)
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
            f"Case {case_id} is already signed.", "A correction is an addendum, never an overwrite."
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
