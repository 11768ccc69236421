"""What is wrong in the site's file of layouts, as `gateway check` tells it."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.service.problem import Problem
from gateway.settings import Settings
from gateway.site_layouts import LayoutsError, site_layouts


def layouts(settings: Settings) -> Iterator[Problem]:
    """Every fault of the file that [files] layouts names, with its line."""
    try:
        site_layouts(settings.files.layouts)
    except LayoutsError as error:
        for fault in error.problems:
            yield Problem("layouts", fault.told, fault.fix)
