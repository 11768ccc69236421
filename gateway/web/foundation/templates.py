"""Templates: escaped always, UIDs withheld always, and the words people read for the values records hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from gateway import __version__, clock
from gateway.lifecycle import CaseState
from gateway.records.accounts import Viewer
from gateway.web.foundation.redaction import without_uids
from gateway.web.foundation.rights import Right, has

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


def moment(at: datetime | None) -> Markup:
    """A time element: UTC as text, and machine-readable so that a script can show it in the reader's zone."""
    if at is None:
        return Markup("–")
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
        finalize=without_uids,
    )
    made.filters.update(words=words, moment=moment, elapsed=elapsed, day=day, verbatim=verbatim)
    made.globals.update(
        version=__version__, notice=NOTICE, has=has, Right=Right, path_of_a_case=PATH_OF_A_CASE, now=clock.now
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
    common["oidc"] = request.app.state.context.settings.oidc
    text = environment().get_template(template).render(common | values)
    return HTMLResponse(text, status_code=status, headers=dict(headers or {}))
