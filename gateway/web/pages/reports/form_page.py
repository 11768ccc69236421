"""The report as a page: the form and its plain POSTs for who holds the case, what was signed for who may see it.

A draft has a version: who saves from an older one is told so and overwrites nothing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gateway.errors import AlreadySigned, Conflict, NotAllowed, WrongState
from gateway.records import credentials
from gateway.records.accounts import Viewer
from gateway.records.views.own_rule import own_rule
from gateway.reporting.fields import FormValues
from gateway.reporting.form import GROUP_NUMBER
from gateway.reporting.lesions.identity import highest_number, with_prior
from gateway.reporting.report import Report, form_problems, form_questions, report_from_form, report_to_form
from gateway.reporting.revisions import revised
from gateway.web.foundation import telling
from gateway.web.foundation.access import guess_to_sign
from gateway.web.foundation.case_access import CaseId, OpenCase, Reader, open_case
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.problems import TooManyRequests, retry_after, status_of
from gateway.web.foundation.report_recipient import recipient_of
from gateway.web.foundation.templates import render
from gateway.web.issuer.pages import ask_signer
from gateway.web.pages.explanation import shown_overrule, shown_requirements
from gateway.web.pages.gallery import images_of, viewer_series
from gateway.web.pages.lesion_history import lesions_before
from gateway.web.pages.queue import Looker
from gateway.web.pages.reports.drafts import content_of, without_group
from gateway.web.pages.reports.fields import PLACEHOLDER, sections
from gateway.web.pages.reports.prefilled import problems_of
from gateway.web.pages.reports.saved_answer import proposal
from gateway.web.pages.reports.signing import draft_of, facts_for, keep_draft, sign
from gateway.web.pages.spectroscopy.ratio_chart import PATTERN, Visit, charts, visits
from gateway.web.pages.verdict import may_judge

VERSION = re.compile(r"[0-9]{1,9}")

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Corrects:
    """The document that a form replaces, by its number, and what is said of the correction."""

    after: int
    note: str


@router.get("/cases/{case_id}/report")
def report_page(
    request: Request, context: Context, viewer: Looker, case_id: CaseId, document: int = 0
) -> Response:
    """The form for the reader who holds the case; what was signed for everybody who may see it.

    `document` is the number of one that was signed; the one in force without it.
    """
    opened = open_case(context, viewer, case_id)
    if opened.page.row.forgotten_at is not None:  # its page tells so
        return RedirectResponse(f"/cases/{case_id}", status_code=303)
    if opened.page.report is not None:
        wanted = [each for each in opened.page.documents if each.id == document]
        shown = wanted[0] if wanted else opened.page.report
        signed = Report.as_signed(shown.content)
        content = report_to_form(signed)
        return render(
            request,
            "report_signed.html",
            viewer,
            opened=opened,
            page=opened.page,
            row=opened.page.row,
            document=shown,
            in_force=shown.id == opened.page.report.id,
            sections=sections(content),
            ratios=charts([*visits(opened.page.priors), Visit(0, tuple(signed.spectra))]),
            pattern=PATTERN,
        )
    if not opened.mine:
        return RedirectResponse(f"/cases/{case_id}", status_code=303)
    return show_form(request, context, viewer, opened, draft_of(opened))


def show_form(
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
    corrects: Corrects | None = None,
) -> Response:
    """The form; `checked` shows each problem beside its item, which only annoys before the first attempt to sign."""
    page = opened.page
    before = lesions_before(page)
    content = with_prior(content, before)
    facts = facts_for(request, context, viewer, opened, content)
    missing = form_problems(content, facts)
    changed: tuple[str, ...] = ()
    if corrects and page.report and not missing:
        changed = revised(Report.as_signed(page.report.content), report_from_form(content, facts))
    images = images_of(request, context, viewer, page.row.id)
    with context.database.read() as session:
        interval = own_rule(session, page.study_id, context.guidelines)
    return render(
        request,
        "report.html",
        viewer,
        status=status,
        opened=opened,
        page=page,
        row=page.row,
        goes_to=recipient_of(context, page),
        sections=sections(content, missing if checked else (), one_more, form_questions(content, facts)),
        earlier_days=facts.earlier_days or (),
        proposal=json.dumps(proposal(content)),
        language=content.get("language") or "en",
        missing=missing,
        with_code=context.settings.web.second_factor_to_sign,
        checked=checked,
        version=page.draft.version if page.draft else 0,
        corrects=corrects,
        changed=changed,
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
        placeholder=PLACEHOLDER,
        highest=highest_number(before),
        ratios=charts(visits(page.priors)),
        pattern=PATTERN,
    )


def posted(fields: dict[str, list[str]]) -> tuple[FormValues, int]:
    """What a posted form holds, without the group that its button removes, and the version it was edited from."""
    content = content_of(fields)
    if section_and_number := first(fields, "remove"):
        section, _, number = section_and_number.partition(".")
        content = without_group(content, section, int(number) if GROUP_NUMBER.fullmatch(number) else -1)
    version = first(fields, "version")
    return content, int(version) if VERSION.fullmatch(version) else 0


@router.post("/cases/{case_id}/report")
def post_report(
    request: Request, context: Context, viewer: Reader, case_id: CaseId, fields: Posted
) -> Response:
    """The form without scripts: save, add or remove a group, or sign, as the pressed button says."""
    opened = open_case(context, viewer, case_id)
    if opened.page.report is not None:
        raise AlreadySigned(
            f"Case {case_id} is already signed.", "Sign what follows it: an addendum or a correction."
        )
    content, version = posted(fields)
    try:
        keep_draft(context, viewer, case_id, content, version)
    except (Conflict, WrongState) as error:
        # What was typed must not be lost to a race: it is shown again, with what happened.
        fix = f"{error.fix} What you entered is below and not saved; saving it replaces the kept draft."
        return show_form(
            request, context, viewer, opened, content, status=409, problem=error.problem, fix=fix
        )
    opened = open_case(context, viewer, case_id)
    if first(fields, "do") == "confirm" and credentials.is_issued(context.database, viewer.account_id):
        return ask_signer(request, context, viewer, case_id)
    if first(fields, "do") != "sign":
        return show_form(request, context, viewer, opened, content, one_more=first(fields, "add"))
    facts = facts_for(request, context, viewer, opened, content)
    if problems_of(content, opened.page, facts):
        return show_form(
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
        again = show_form(
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
