"""What is said on a page about who gets a report: what will happen, and once it has happened, what did."""

from __future__ import annotations

from dataclasses import dataclass

from dicom_nodes.errors import NodeError
from gateway.lifecycle import CaseState
from gateway.recipients import Nobody, ToUploader, recipient
from gateway.records.views.case_rows import CasePage
from gateway.web.foundation.context import WebContext

_RETURNED = (CaseState.RETURNED, CaseState.CONFIRMED)


@dataclass(frozen=True)
class ReportRecipient:
    """Who gets a report, as sentences; `nobody`: somebody has to do what they say before it can leave."""

    told: str
    at_upload: bool = False
    """It waits on the upload's page, and nowhere else."""
    nobody: bool = False


def recipient_of(context: WebContext, page: CasePage) -> ReportRecipient:
    """Of a case. The configuration decides anew until its report has gone; then the records say where it went."""
    if page.row.forgotten_at is not None:
        return ReportRecipient("")
    if page.row.state in _RETURNED:
        if page.returns_to:
            return ReportRecipient(f"The report went to {page.returns_to}.")
        # The reading site's own report has a way of its own, which the table of its objects tells.
        waits = not any(reply.is_report for reply in page.replies)
        return ReportRecipient("The report waits on the upload's page." if waits else "", at_upload=waits)
    return recipient_for(context, page.row.site, page.sender)


def recipient_for(context: WebContext, site: str, sender: str) -> ReportRecipient:
    """Of a study whose report has not gone yet."""
    try:
        found = recipient(context.directory(), site, sender)
    except NodeError:
        return ReportRecipient("Where the report goes cannot be told now: nodes.yaml cannot be used.")
    return ReportRecipient(found.told, isinstance(found, ToUploader), isinstance(found, Nobody))
