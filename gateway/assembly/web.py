"""The role that people and DICOMweb peers meet: the web application; it has no keys."""

from __future__ import annotations

from fastapi import FastAPI

from gateway.assembly.gateway import Gateway
from gateway.decoding.children import SHARED, Limits
from gateway.guidelines import declared
from gateway.site_layouts import site_layouts
from gateway.web.application import WebContext, create_application


def web(gateway: Gateway) -> FastAPI:
    """The web application."""
    limits = gateway.settings.limits
    SHARED.bound(Limits(limits.decode_processes, limits.decode_seconds, limits.decode_mb << 20))
    return create_application(
        WebContext(
            gateway.settings,
            gateway.database,
            gateway.blobs,
            gateway.directory,
            gateway.intake,
            gateway.rules,
            declared(gateway.settings.surveillance),
            gateway.wrong_configuration,
            site_layouts(gateway.settings.files.layouts),
        )
    )
