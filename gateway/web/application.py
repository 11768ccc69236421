"""The web application: every router under one guard."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from gateway import __version__
from gateway.records import accounts
from gateway.web.api import health, security_txt
from gateway.web.api import surveillance as surveillance_api
from gateway.web.auditing.trail import Trail
from gateway.web.dicomweb import stow
from gateway.web.foundation import access, problems
from gateway.web.foundation.access import BasicSessions
from gateway.web.foundation.brakes import SignInBrakes
from gateway.web.foundation.context import WebContext
from gateway.web.foundation.guard import Guard
from gateway.web.foundation.images import Pictures
from gateway.web.foundation.templates import FOLDER
from gateway.web.foundation.upload_places import UploadPlaces
from gateway.web.issuer import pages as issuer_pages
from gateway.web.pages import (
    cases,
    conflicts,
    gallery,
    held_objects,
    manual,
    nodes,
    persons,
    queue,
    replies,
    studies,
    surveillance,
    upload,
    verdict,
)
from gateway.web.pages.accounts import administration, own, reset, second_step
from gateway.web.pages.comparing import reading
from gateway.web.pages.images import again, change, frame, index, volume
from gateway.web.pages.programs import tokens
from gateway.web.pages.reports import following, form_page, services
from gateway.web.pages.spectroscopy import drawing
from gateway.web.pages.telling import context as told_context
from gateway.web.pages.telling import critical
from gateway.web.pages.trail import audit

__all__ = ["ROUTERS", "WebContext", "create_application"]

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    security_txt.router,
    access.router,
    access.api,
    second_step.router,
    reset.router,
    own.router,
    administration.router,
    issuer_pages.router,
    queue.router,
    queue.api,
    form_page.router,
    following.router,
    services.api,
    following.api,
    gallery.router,
    index.api,
    volume.router,
    again.router,
    again.api,
    change.router,
    frame.router,
    reading.api,
    drawing.router,
    drawing.api,
    held_objects.router,
    held_objects.api,
    cases.router,
    cases.api,
    conflicts.router,
    conflicts.api,
    told_context.router,
    told_context.api,
    critical.router,
    critical.api,
    verdict.router,
    verdict.api,
    replies.router,
    replies.api,
    nodes.router,
    nodes.api,
    tokens.router,
    studies.router,
    studies.api,
    persons.router,
    persons.api,
    surveillance.router,
    surveillance_api.api,
    upload.router,
    upload.api,
    stow.router,
    audit.router,
    manual.router,
)
"""Every page and service. All need an account except signing in, /healthz, /readyz and the static files."""


def create_application(context: WebContext) -> FastAPI:
    """The application for one process; give it to uvicorn."""
    settings = context.settings.web
    app = FastAPI(
        title="PML gateway",
        version=__version__,
        description="Reading queue, reports and DICOMweb of the gateway.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    accounts.decoy()
    app.state.context = context
    app.state.pictures = Pictures(context.blobs)
    app.state.upload_places = UploadPlaces(context.settings, context.blobs)
    app.state.basic_sessions = BasicSessions()
    app.state.sign_in_brakes = SignInBrakes()
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    problems.install(app)
    app.add_middleware(Trail, database=context.database)
    app.add_middleware(Guard, max_upload_mb=settings.max_upload_mb, https=settings.secure_cookies)
    return app
