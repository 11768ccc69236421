"""A case or a study as one viewer may see it now, and who may do what with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path

from gateway.errors import NotThere
from gateway.records.accounts import Viewer
from gateway.records.views import case_rows, study_rows
from gateway.records.views.case_rows import CasePage
from gateway.records.views.study_rows import StudyRow
from gateway.web.foundation.access import may
from gateway.web.foundation.context import WebContext
from gateway.web.foundation.rights import Right, has

CaseId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Reader = Annotated[Viewer, Depends(may(Right.REPORT))]
Manager = Annotated[Viewer, Depends(may(Right.MANAGE))]


@dataclass(frozen=True)
class OpenCase:
    """A case as one viewer sees it now."""

    page: CasePage
    now: datetime
    claimed: bool
    mine: bool
    """The viewer holds the claim."""


def open_case(context: WebContext, viewer: Viewer, case_id: int) -> OpenCase:
    """The case, or NotThere: a case of another site is answered like one that does not exist."""
    with context.database.read() as session:
        page = case_rows.case_page(session, viewer, case_id)
        now = context.database.now(session)
    if page is None:
        raise NotThere(f"There is no case {case_id}.", "The queue shows every case you may see.")
    claimed = page.row.is_claimed(now)
    return OpenCase(page, now, claimed, claimed and page.row.claimed_by == viewer.account_id)


def may_follow(viewer: Viewer, opened: OpenCase) -> bool:
    """Whether this person may sign what follows: who signed what is in force, and who manages cases."""
    report, row = opened.page.report, opened.page.row
    if report is None or row.forgotten_at is not None or not has(viewer, Right.REPORT):
        return False
    return report.signer_login == viewer.login or has(viewer, Right.MANAGE)


def visible_study(context: WebContext, viewer: Viewer, study_id: int) -> StudyRow:
    """A study this viewer may see; raises NotThere, also for another site's."""
    with context.database.read() as session:
        row = study_rows.study_row(session, viewer, study_id)
    if row is None:
        raise NotThere(f"There is no study {study_id}.", "The list shows every study you may see.")
    return row
