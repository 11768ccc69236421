"""A draft is kept, and the signature is given to exactly what was checked, by who is signed in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from fastapi import Request

from gateway.errors import InvalidReport
from gateway.records import credentials, ledger
from gateway.records.accounts import Viewer
from gateway.records.ledger import NewDocument
from gateway.records.tables.cases import DocumentKind
from gateway.records.views.earlier_cases import earlier_cases
from gateway.reporting.fields import FormValues
from gateway.reporting.lesions.earlier_forms import draft_of_today
from gateway.reporting.lesions.identity import as_before, tracked, with_prior
from gateway.reporting.report import Report, StudyFacts, report_from_form
from gateway.reporting.revisions import revised
from gateway.web.foundation.case_access import OpenCase
from gateway.web.foundation.context import WebContext
from gateway.web.foundation.images import Pictures
from gateway.web.pages.gallery import copies_seen
from gateway.web.pages.lesion_history import lesions_before
from gateway.web.pages.reports.drafts import known_fields
from gateway.web.pages.reports.prefilled import names_pictures, prefilled
from gateway.web.pages.reports.study_facts import facts_of

LONGEST_NOTE = 10_000
"""Characters of an addendum."""


def draft_of(opened: OpenCase) -> FormValues:
    """The saved draft, or what the gateway can fill in by itself."""
    draft = opened.page.draft
    if draft is None:
        return prefilled(opened.page)
    return known_fields(draft_of_today(draft.content))


def keep_draft(context: WebContext, viewer: Viewer, case_id: int, content: FormValues, version: int) -> int:
    """Save and prolong the claim; returns the new version."""
    lease = timedelta(minutes=context.settings.web.claim_minutes)
    return ledger.save_draft(context.database, case_id, viewer.account_id, content, version, lease)


def facts_for(
    request: Request, context: WebContext, viewer: Viewer, opened: OpenCase, content: Mapping[str, Any]
) -> StudyFacts:
    """What a report with this content must not contradict; its pictures are asked for only where it names one."""
    case_id, index = opened.page.row.id, None
    if names_pictures(content):
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
    report = checked(opened, content, facts)
    report = report.model_copy(update={"lesions": tracked(report.lesions, _new_uid)})
    _prove(context, viewer, opened.page.row.id, password, code)
    return ledger.sign_report(
        context.database, opened.page.row.id, viewer.account_id, report.model_dump(mode="json")
    )


def checked(opened: OpenCase, content: FormValues, facts: StudyFacts) -> Report:
    """The report of a form, free of contradictions in itself and with its study. Raises InvalidReport."""
    report = report_from_form(with_prior(content, lesions_before(opened.page)), facts)
    if problems := report.problems(facts):
        raise InvalidReport([str(problem) for problem in problems])
    return report


def sign_following(
    context: WebContext, viewer: Viewer, opened: OpenCase, new: NewDocument, password: str, code: str = ""
) -> int:
    """Sign what follows the report of a case; returns its number. Raises as `ledger.sign_document` does."""
    case_id = opened.page.row.id
    _prove(context, viewer, case_id, password, code)
    return ledger.sign_document(context.database, case_id, viewer.account_id, new)


def correction(
    opened: OpenCase, content: FormValues, facts: StudyFacts, note: str, after: int
) -> NewDocument:
    """A corrected report with what it says otherwise. Raises InvalidReport, also where it says the same."""
    assert opened.page.report is not None
    before = Report.as_signed(opened.page.report.content)
    report = checked(opened, content, facts)
    lesions = tracked(as_before(report.lesions, before.lesions), _new_uid)
    report = report.model_copy(update={"lesions": lesions})
    changed = revised(before, report)
    is_withdrawn = opened.page.report.kind == DocumentKind.WITHDRAWAL
    if not changed and not is_withdrawn:
        raise InvalidReport(
            ["The correction says what the report says: change an answer, or sign an addendum."]
        )
    if not note.strip():
        raise InvalidReport(["Say in a sentence what is corrected and why: the receiver reads it first."])
    return NewDocument(DocumentKind.CORRECTION, report.model_dump(mode="json"), note.strip(), after, changed)


def words_alone(opened: OpenCase, kind: DocumentKind, note: str, after: int) -> NewDocument:
    """An addendum, or a withdrawal with its reason. Raises InvalidReport without words."""
    assert opened.page.report is not None
    if not note.strip():
        raise InvalidReport(["Write what the document is to say."])
    if len(note) > LONGEST_NOTE:
        raise InvalidReport([f"It has {len(note)} characters; {LONGEST_NOTE} are the most."])
    return NewDocument(kind, opened.page.report.content, note.strip(), after)


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
