"""Templates: escaped always, UIDs withheld always, and the words people read for the values records hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from gateway import __version__, clock
from gateway.lifecycle import CaseState
from gateway.records.accounts import Viewer
from gateway.reporting.checks.table import source_of
from gateway.web.foundation.redaction import without_uids
from gateway.web.foundation.rights import Right, has
from gateway.web.foundation.scripts import script_tags

T = TypeVar("T")

FOLDER = Path(__file__).parents[1]
NOTICE = "For healthcare professionals only. It supports a decision, it makes none."

WORDS = {
    "surveillance": "Surveillance",
    "suspected_pml": "Suspected PML",
    "known_pml": "Known PML, follow-up",
    "routine": "routine",
    "urgent": "urgent",
    "readable": "Readable",
    "readable_with_limits": "Readable with limits",
    "not_readable": "Not readable for the question",
    "unknown": "Readability not known",
    "not_due": "Not due",
    "due": "Due",
    "overdue": "Overdue",
    "missing": "No MRI yet, overdue",
    "unknown_data": "Data missing",
    "RECEIVED": "Receiving",
    "COMPLETED": "Complete",
    "UNMATCHED": "No rule applies",
    "MATCHED": "Being prepared",
    "PREPARED": "On its way",
    "FORWARDED": "To read",
    "REPORTED": "Signed",
    "COMPOSED": "Report built",
    "RETURNED": "Returned",
    "CONFIRMED": "Confirmed",
    "FORGOTTEN": "Forgotten",
    "flair": "FLAIR",
    "t2": "T2",
    "pd": "PD",
    "t1": "T1",
    "t1_contrast": "T1 +C",
    "dwi": "DWI",
    "trace": "Trace",
    "adc": "ADC",
    "swi": "SWI",
    "mrs": "MRS",
    "localizer": "Localizer",
    "derived": "Derived",
    "other": "Other",
    "c-store": "DICOM push",
    "stow-rs": "STOW-RS",
    "upload": "Upload",
}

PATH_OF_A_CASE = tuple(state for state in CaseState if state is not CaseState.FORGOTTEN)
"""The states of a case in their order, for the progress line."""


def words(value: object) -> str:
    """What people read for a value; an unknown one is shown with spaces."""
    text = str(value)
    return WORDS.get(text, text.replace("_", " "))


ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d[:.\d]*(?:Z|[+-]\d\d:?\d\d)?")
TIME_WITHHELD = "(time withheld)"


def sees_times(viewer: Viewer | None) -> bool:
    """Whether the moments at which things happened are shown; to others only how long ago that is.

    Who sees pseudonyms alone sees shifted dates, and the moment of an arrival beside one of them would tell the shift
    of that patient, for every other study, too.
    """
    return has(viewer, Right.IDENTITIES)


def age(at: datetime) -> str:
    """How long ago, in hours, then in days: coarse, so that a page loaded twice tells no more than one."""
    hours = max(0, int((clock.now() - at).total_seconds() // 3600))
    if hours < 1:
        return "less than 1 h ago"
    return f"{hours} h ago" if hours < 48 else f"{hours // 24} d ago"


def told_to(viewer: Viewer | None, value: T) -> T:
    """The same value without UIDs, as this viewer may have it: times as ISO 8601 with a zone, or as ages.

    A time that is still to come stays: it is of a claim, and tells nothing of an arrival.
    """
    return cast("T", without_uids(_timed(viewer, value)))


def _timed(viewer: Viewer | None, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat() if sees_times(viewer) or value > clock.now() else age(value)
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return value if sees_times(viewer) else ISO_TIME.sub(TIME_WITHHELD, value)
    if isinstance(value, Mapping):
        return {key: _timed(viewer, part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_timed(viewer, part) for part in value]
    return value


@pass_context
def _shown(context: Context, value: Any) -> Any:
    """Everything that a template prints."""
    return told_to(context.get("viewer"), value)


@pass_context
def moment(context: Context, at: datetime | None) -> Markup:
    """A time element: UTC as text, and machine-readable so that a script can show it in their zone; or an age."""
    if at is None:
        return Markup("–")
    if at <= clock.now() and not sees_times(context.get("viewer")):
        return Markup("{}").format(age(at))
    at = at.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        at.isoformat(timespec="seconds"), f"{at:%d %b %Y %H:%M} UTC"
    )


def elapsed(since: datetime | None) -> str:
    """How long ago, in the largest unit that tells."""
    if since is None:
        return "–"
    seconds = max(0, int((clock.now() - since).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def day(text: str) -> str:
    """A DICOM date (YYYYMMDD) as 2026-01-31; anything else as it is."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdecimal() else text or "–"


def verbatim(text: object) -> Markup:
    """Escaped, but with UIDs kept: what a reader typed, and UIDs of de-identified copies."""
    return escape(str(text))


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The template environment, built once per process."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters.update(
        words=words, moment=moment, elapsed=elapsed, day=day, verbatim=verbatim, source=source_of
    )
    made.globals.update(
        version=__version__,
        notice=NOTICE,
        has=has,
        Right=Right,
        path_of_a_case=PATH_OF_A_CASE,
        now=clock.now,
        script_tags=script_tags,
    )
    return made


def render(
    request: Request,
    template: str,
    viewer: Viewer | None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """A page for this viewer (None: nobody is signed in)."""
    token = viewer.csrf if viewer else ""

    def csrf_field() -> Markup:
        return Markup('<input type="hidden" name="csrf" value="{}">').format(token)

    common = {"viewer": viewer, "path": request.url.path, "status": status, "csrf_field": csrf_field}
    context = getattr(
        request.app.state, "context", None
    )  # an application may have only the answers to errors
    common["oidc"] = context.settings.oidc if context is not None else None
    text = environment().get_template(template).render(common | values)
    return HTMLResponse(text, status_code=status, headers=dict(headers or {}))
