"""Is the gateway alive, is it ready, and its numbers: /healthz, /readyz, /metrics."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from gateway.lifecycle import CaseState, ConflictState, ReplyState, ResultState, StudyState
from gateway.records import numbers
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.problems import SignInNeeded

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(context: Context) -> JSONResponse:
    """Database and disk can take work; 503 names what cannot. `warnings` names what a person has to mend meanwhile."""
    checks = {"database": _database(context), "disk": _disk(context)}
    ready = not any(checks.values())
    body: dict[str, Any] = {
        "status": "ready" if ready else "not ready",
        "checks": {name: why or "ok" for name, why in checks.items()},
    }
    if wrong := context.wrong_configuration():
        body["warnings"] = {
            one.what: "the file cannot be used; the last good ones are in force (see the page Nodes)"
            for one in wrong
        }
    return JSONResponse(body, status_code=200 if ready else 503)


def _database(context: WebContext) -> str:
    try:
        with context.database.read() as session:
            numbers.counts(session)
    except SQLAlchemyError as error:
        return f"cannot be used ({type(error).__name__}); look at [storage] database and run: gateway migrate"
    return ""


def _disk(context: WebContext) -> str:
    try:
        free = context.blobs.free_mb()
    except OSError as error:
        return f"cannot be used ({type(error).__name__}); look at [storage] objects"
    least = context.settings.storage.min_free_mb
    return "" if free >= least else f"{free:.0f} MB free, at least {least} MB are wanted"


class NoScraper(SignInNeeded):
    """Whoever asks is not the monitoring system."""

    challenge = 'Bearer realm="gateway metrics"'


def scraper(request: Request, context: Context) -> None:
    """Raise NoScraper unless the request carries the token of the settings: no session and no password opens this."""
    wanted = context.settings.web.metrics_token
    if not wanted:
        raise NoScraper(
            "No token for /metrics is set.",
            "Set [web] metrics_token, or GATEWAY_WEB__METRICS_TOKEN_FILE, and send it as Authorization: Bearer.",
        )
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secrets.compare_digest(sent.strip().encode(), wanted.encode()):
        raise NoScraper(
            "This is not the token for /metrics.", "Send [web] metrics_token as Authorization: Bearer."
        )


@router.get("/metrics")
def metrics(context: Context, _scraper: Annotated[None, Depends(scraper)]) -> Response:
    """Numbers for Prometheus, by the bearer token of the settings; labels are states, never anything of a patient."""
    with context.database.read() as session:
        counts = numbers.counts(session)
    registry = CollectorRegistry()
    cases = Gauge("gateway_cases", "Cases by state", ["state"], registry=registry)
    studies = Gauge("gateway_studies", "Studies by state", ["state"], registry=registry)
    replies = Gauge(
        "gateway_replies", "Objects that reading sites sent back, by state", ["state"], registry=registry
    )
    results = Gauge(
        "gateway_results",
        "Results of storage commitment that we owe, or owed, by state",
        ["state"],
        registry=registry,
    )
    conflicts = Gauge(
        "gateway_conflicts",
        "Conflicts between two versions of a study, by state",
        ["state"],
        registry=registry,
    )
    parked = Gauge(
        "gateway_parked",
        "Cases, studies, replies, results and conflicts that wait for a person",
        ["unit"],
        registry=registry,
    )
    pictures = Gauge(
        "gateway_pictures",
        "Cases by what became of their index and volumes; troubled: with a problem that is told on their pages",
        ["state"],
        registry=registry,
    )
    critical = Gauge(
        "gateway_critical",
        "Critical results that nobody acknowledged, and messages to contacts that did not go out",
        ["state"],
        registry=registry,
    )
    for state in ("unacknowledged", "untold"):
        critical.labels(state).set(counts.get(f"critical_{state}", 0))
    for state in ("waiting", "made", "failed", "troubled"):
        pictures.labels(state).set(counts.get(f"pictures_{state}", 0))
    for case_state in CaseState:
        cases.labels(case_state.value).set(counts.get(f"case_{case_state.value}", 0))
    for study_state in StudyState:
        studies.labels(study_state.value).set(counts.get(f"study_{study_state.value}", 0))
    for reply_state in ReplyState:
        replies.labels(reply_state.value).set(counts.get(f"reply_{reply_state.value}", 0))
    for conflict_state in ConflictState:
        conflicts.labels(conflict_state.value).set(counts.get(f"conflict_{conflict_state.value}", 0))
    for result_state in ResultState:
        results.labels(result_state.value).set(counts.get(f"result_{result_state.value}", 0))
    for unit in ("case", "study", "reply", "result", "conflict"):
        parked.labels(unit).set(counts[f"parked_{unit}"])
    free = Gauge("gateway_objects_free_bytes", "Free space of the object store", registry=registry)
    free.set(context.blobs.free_mb() * 1e6)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
