"""What the pages may use: built once by the assembly, frozen, and reached through the request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from dicom_nodes.directory import NodeDirectory
from gateway.imaging.layouts import LAYOUTS, Layout
from gateway.intake import Intake
from gateway.records.blobs import BlobStore
from gateway.records.database import Database
from gateway.settings import Settings
from gateway.wrong_configuration import WrongConfiguration
from routing_rules.rule_files import RuleSet
from routing_rules.surveillance.guidelines import STRICTEST, SiteGuidelines, guideline


@dataclass(frozen=True)
class WebContext:
    """Settings, records and the other systems; no key is among them, so no page can read an identity back."""

    settings: Settings
    database: Database
    blobs: BlobStore
    directory: Callable[[], NodeDirectory]
    intake: Intake
    rules: Callable[[], RuleSet]
    guidelines: SiteGuidelines = field(default_factory=lambda: SiteGuidelines(guideline(STRICTEST)))
    wrong_configuration: Callable[[], tuple[WrongConfiguration, ...]] = tuple
    layouts: tuple[Layout, ...] = LAYOUTS


def context_of(request: Request) -> WebContext:
    """The context of the application that answers this request."""
    context: WebContext = request.app.state.context
    return context


Context = Annotated[WebContext, Depends(context_of)]
