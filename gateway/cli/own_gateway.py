"""The gateway a command works on, and who gives the command."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.terminal import settings_of
from gateway.service.starting import importing

if TYPE_CHECKING:
    from gateway.assembly.gateway import Gateway
    from gateway.records.accounts import Viewer


def opened(config: Path | None) -> Gateway:
    """The records of the gateway that the settings name."""
    with importing():
        from gateway.assembly.gateway import open_gateway

    return open_gateway(settings_of(config))


def whole_gateway() -> Viewer:
    """Whoever may run commands on this machine may see every site's cases: pseudonyms only."""
    from gateway.records.accounts import Viewer

    return Viewer(0, "command line", "command line", "admin", "")


def who() -> str:
    """Who gives the command, for the audit trail."""
    return f"command line ({getpass.getuser()})"
