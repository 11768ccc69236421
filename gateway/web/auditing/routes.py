"""Every address: what it is in the audit trail, or why it is nothing there. A test fails for one without a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Shown:
    """An answer is a look: this event, of this subject, with the numbers of the address in it."""

    event: str
    subject: str


@dataclass(frozen=True)
class Written:
    """What is done writes its own event, in its own transaction."""

    events: tuple[str, ...]


@dataclass(frozen=True)
class Nothing:
    """Not in the trail, and why."""

    why: str


Told = Shown | Written | Nothing


def _done(*events: str) -> Written:
    return Written(events)


CRITICAL = "critical result {critical_id}"
CASE, STUDY, CONFLICT = "case {case_id}", "study {study_id}", "conflict {conflict_id}"
_QUEUE = Shown("queue looked at", "queue")
_STUDIES = Shown("studies looked at", "studies")
_CALENDAR = Shown("calendar looked at", "calendar")
_REPORT = Shown("report looked at", CASE)
_ENROL, _EDIT, _END = _done("patients enrolled"), _done("enrolment edited"), _done("enrolment ended")
_WISH = _done("wish closed", "wish asked again")
_HELD = _done("held object released", "held object left out")
_VERDICT = _done("protocol verdict overruled", "protocol verdict confirmed again")
_RESULT_RETRY, _RESULT_DROP = _done("result retried"), _done("commitment result dropped")
_SIGN = _done("report signed", "signature password refused")
_FOLLOW = _done("document signed", "signature password refused")
_LINK = _done("study linked", "study taken apart")
_ECHO = Shown("node asked", "node {name}")
_RECEIVED = _done("study received")
_PUBLIC = Nothing("names no patient and no case; needs no account, or is the same for all")

ROUTES: Final[Mapping[tuple[str, str], Told]] = {
    # Sign-in
    ("GET", "/sign-in"): _PUBLIC,
    ("POST", "/sign-in"): _done("signed in", "sign-in refused", "second factor asked"),
    ("GET", "/sign-in/code"): Nothing("a form between password and code; the password has its row"),
    ("POST", "/sign-in/code"): _done("signed in", "second factor refused"),
    ("GET", "/sign-in/set-up"): Nothing("a form between password and set-up; the password has its row"),
    ("POST", "/sign-in/set-up"): _done("second factor set up", "second factor refused"),
    ("POST", "/sign-in/set-up/done"): _done("signed in"),
    ("GET", "/reset"): _PUBLIC,
    ("POST", "/reset"): _done("password set by link"),
    ("GET", "/.well-known/security.txt"): _PUBLIC,
    ("POST", "/sign-out"): _done("signed out"),
    ("GET", "/sign-in/issuer"): Nothing("leads to the issuer; what comes back has its event"),
    ("GET", "/sign-in/issuer/back"): _done(
        "signed in", "sign-in refused", "signer confirmed by issuer", "signer confirmation refused"
    ),
    ("GET", "/sign-in/issuer/out"): Nothing("the session has ended before, with its event"),
    # Accounts
    ("GET", "/account"): Nothing("shows somebody who is signed in their own account"),
    ("POST", "/account/password"): _done("password changed", "password change refused"),
    ("POST", "/account/sessions/end"): _done("session ended", "sessions ended"),
    ("POST", "/account/second-factor"): _done("second factor proposed", "second factor password refused"),
    ("POST", "/account/second-factor/confirm"): _done("second factor set up", "second factor refused"),
    ("POST", "/account/second-factor/remove"): _done("second factor taken away"),
    ("GET", "/accounts"): Shown("accounts looked at", "accounts"),
    ("POST", "/accounts"): _done("account added", "one-time link made"),
    ("GET", "/accounts/{account_id}"): Shown("accounts looked at", "account {account_id}"),
    ("POST", "/accounts/{account_id}/scope"): _done("account changed"),
    ("POST", "/accounts/{account_id}/disable"): _done("account disabled"),
    ("POST", "/accounts/{account_id}/enable"): _done("account enabled"),
    ("POST", "/accounts/{account_id}/reset"): _done("one-time link made"),
    ("POST", "/accounts/{account_id}/second-factor/remove"): _done("second factor taken away"),
    ("POST", "/accounts/{account_id}/sessions/end"): _done("session ended", "sessions ended"),
    ("GET", "/api/session"): Nothing("tells somebody who is signed in their own name"),
    ("POST", "/api/session"): _done("signed in", "sign-in refused"),
    # Reading
    ("GET", "/"): _QUEUE,
    ("GET", "/queue/rows"): _QUEUE,
    ("GET", "/api/queue"): _QUEUE,
    ("POST", "/queue/next"): _done("case claimed"),
    ("POST", "/api/queue/next"): _done("case claimed"),
    ("GET", "/cases/{case_id}"): Shown("case looked at", CASE),
    ("GET", "/api/cases/{case_id}"): Shown("case looked at", CASE),
    ("POST", "/cases/{case_id}/claim"): _done("case claimed"),
    ("POST", "/api/cases/{case_id}/claim"): _done("case claimed"),
    ("POST", "/cases/{case_id}/pictures"): _done("pictures made again"),
    ("POST", "/api/cases/{case_id}/pictures"): _done("pictures made again"),
    ("POST", "/cases/{case_id}/release"): _done("case released"),
    ("POST", "/api/cases/{case_id}/release"): _done("case released"),
    ("POST", "/cases/{case_id}/park"): _done("case parked"),
    ("POST", "/cases/{case_id}/retry"): _done("case retried"),
    ("POST", "/cases/{case_id}/correct"): _done("report corrected"),
    ("POST", "/api/cases/{case_id}/correct"): _done("report corrected"),
    ("POST", "/cases/{case_id}/verdict"): _VERDICT,
    ("POST", "/api/cases/{case_id}/verdict"): _VERDICT,
    ("GET", "/cases/{case_id}/images/{series}/{number}.png"): Shown("pictures looked at", CASE),
    ("GET", "/api/cases/{case_id}/images"): Shown("pictures looked at", CASE),
    ("GET", "/cases/{case_id}/volumes/{stack}.nii"): Shown("pictures looked at", CASE),
    ("GET", "/cases/{case_id}/change/{prior}.nii"): Shown("pictures looked at", CASE),
    ("GET", "/cases/{case_id}/frames/{stack}/{number}.bin"): Shown("pictures looked at", CASE),
    ("GET", "/cases/{case_id}/spectra/{number}/{signal}.svg"): Shown("pictures looked at", CASE),
    ("GET", "/api/cases/{case_id}/spectra"): Shown("pictures looked at", CASE),
    ("GET", "/api/cases/{case_id}/reading"): Shown("pictures looked at", CASE),
    ("GET", "/cases/{case_id}/manifests/{manifest_id}.json"): Shown("manifest looked at", CASE),
    ("GET", "/api/cases/{case_id}/manifests"): Shown("manifest looked at", CASE),
    ("GET", "/cases/{case_id}/held/{held_id}.png"): _done("original looked at"),
    ("GET", "/api/cases/{case_id}/held"): Shown("held objects looked at", CASE),
    ("POST", "/cases/{case_id}/held/{held_id}"): _HELD,
    ("POST", "/api/cases/{case_id}/held/{held_id}"): _HELD,
    ("GET", "/cases/{case_id}/report"): _REPORT,
    ("GET", "/api/cases/{case_id}/report"): _REPORT,
    ("POST", "/cases/{case_id}/report"): Shown("draft saved", CASE),
    ("PUT", "/api/cases/{case_id}/report"): Shown("draft saved", CASE),
    ("POST", "/cases/{case_id}/report/take-over"): _done("draft taken over"),
    ("POST", "/api/cases/{case_id}/report/take-over"): _done("draft taken over"),
    ("POST", "/api/cases/{case_id}/sign"): _SIGN,
    ("GET", "/cases/{case_id}/documents/{kind}"): _REPORT,
    ("POST", "/cases/{case_id}/documents/{kind}"): _FOLLOW,
    ("POST", "/api/cases/{case_id}/documents"): _FOLLOW,
    # Studies, their versions, their persons
    ("GET", "/studies"): _STUDIES,
    ("GET", "/api/studies"): _STUDIES,
    ("POST", "/studies/{study_id}/retry"): _done("study retried"),
    ("POST", "/studies/{study_id}/go-on"): _done("study let go on"),
    ("POST", "/api/studies/{study_id}/go-on"): _done("study let go on"),
    ("POST", "/studies/{study_id}/route"): _done("study routed by hand"),
    ("POST", "/api/studies/{study_id}/route"): _done("study routed by hand"),
    ("GET", "/studies/{study_id}/person"): _done("persons looked at"),
    ("POST", "/studies/{study_id}/person"): _LINK,
    ("POST", "/api/studies/{study_id}/person"): _LINK,
    ("GET", "/studies/{study_id}/context"): Shown("context looked at", STUDY),
    ("GET", "/api/studies/{study_id}/context"): Shown("context looked at", STUDY),
    ("POST", "/studies/{study_id}/context"): _done("context told"),
    ("PUT", "/api/studies/{study_id}/context"): _done("context told"),
    ("GET", "/critical/{critical_id}"): Shown("critical result looked at", CRITICAL),
    ("GET", "/api/critical/{critical_id}"): Shown("critical result looked at", CRITICAL),
    ("GET", "/api/critical"): Shown("critical results looked at", "critical results"),
    ("POST", "/critical/{critical_id}/acknowledge"): _done("critical result acknowledged"),
    ("POST", "/api/critical/{critical_id}/acknowledge"): _done("critical result acknowledged"),
    ("POST", "/critical/{critical_id}/telephone"): _done("critical result acknowledged"),
    ("POST", "/api/critical/{critical_id}/telephone"): _done("critical result acknowledged"),
    ("GET", "/conflicts/{conflict_id}"): _done("versions looked at"),
    ("GET", "/api/conflicts/{conflict_id}"): Shown("conflict looked at", CONFLICT),
    ("POST", "/conflicts/{conflict_id}"): _done("conflict decided"),
    ("POST", "/api/conflicts/{conflict_id}/decide"): _done("conflict decided"),
    ("POST", "/conflicts/{conflict_id}/retry"): _done("conflict retried"),
    # Uploads, and what comes back
    ("GET", "/upload"): Nothing("a form; the uploads listed there are the account's own"),
    ("POST", "/upload"): _done("study received", "context told"),
    ("POST", "/api/uploads"): _RECEIVED,
    ("POST", "/dicom-web/studies"): _RECEIVED,
    ("POST", "/dicom-web/studies/{study_instance_uid}"): _RECEIVED,
    ("GET", "/upload/{study_id}"): Shown("upload looked at", STUDY),
    ("GET", "/upload/{study_id}/report.{form}"): _done("report downloaded"),
    ("GET", "/upload/{study_id}/reply-{reply_id}.dcm"): _done("reply downloaded"),
    ("GET", "/replies"): Shown("replies looked at", "replies"),
    ("GET", "/api/replies"): Shown("replies looked at", "replies"),
    ("POST", "/replies/{reply_id}/retry"): _done("reply retried"),
    ("POST", "/api/replies/{reply_id}/retry"): _done("reply retried"),
    ("POST", "/replies/{reply_id}/discard"): _done("reply discarded"),
    ("POST", "/api/replies/{reply_id}/discard"): _done("reply discarded"),
    ("POST", "/replies/{reply_id}/report"): _done("reply counted as report"),
    ("POST", "/api/replies/{reply_id}/report"): _done("reply counted as report"),
    # The calendar
    ("GET", "/surveillance"): _CALENDAR,
    ("GET", "/api/surveillance"): _CALENDAR,
    ("POST", "/surveillance"): _ENROL,
    ("POST", "/api/surveillance"): _ENROL,
    ("POST", "/surveillance/import"): _ENROL,
    ("POST", "/api/surveillance/import"): _ENROL,
    ("POST", "/surveillance/{enrolment_id}"): _EDIT,
    ("PUT", "/api/surveillance/{enrolment_id}"): _EDIT,
    ("POST", "/surveillance/{enrolment_id}/end"): _END,
    ("POST", "/surveillance/{enrolment_id}/wish"): _WISH,
    ("POST", "/api/surveillance/{enrolment_id}/wish"): _WISH,
    ("POST", "/api/surveillance/{enrolment_id}/end"): _END,
    # The gateway itself
    ("GET", "/nodes"): Shown("nodes looked at", "nodes"),
    ("POST", "/nodes/{name}/echo"): _ECHO,
    ("POST", "/api/nodes/{name}/echo"): _ECHO,
    ("GET", "/api/nodes/results"): Shown("nodes looked at", "nodes"),
    ("POST", "/nodes/results/{result_id}/retry"): _RESULT_RETRY,
    ("POST", "/api/nodes/results/{result_id}/retry"): _RESULT_RETRY,
    ("POST", "/nodes/results/{result_id}/drop"): _RESULT_DROP,
    ("POST", "/api/nodes/results/{result_id}/drop"): _RESULT_DROP,
    ("GET", "/clients"): Shown("accounts looked at", "clients"),
    ("POST", "/clients"): _done("client added"),
    ("POST", "/clients/{name}/revoke"): _done("client revoked"),
    ("GET", "/audit"): Shown("audit trail looked at", "audit trail"),
    ("GET", "/metrics"): Nothing("numbers alone, asked for every few seconds"),
    ("GET", "/healthz"): _PUBLIC,
    ("GET", "/readyz"): _PUBLIC,
    ("GET", "/manual"): _PUBLIC,
    ("GET", "/manual/{name:path}"): _PUBLIC,
    ("GET", "/docs"): _PUBLIC,
    ("GET", "/openapi.json"): _PUBLIC,
}
