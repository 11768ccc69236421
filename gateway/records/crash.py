"""A switch that kills this process at a commit point, so that tests can prove nothing is lost there.

`GATEWAY_CRASH_AT` names points, separated by commas; each fires once, because it first leaves a marker
file in `GATEWAY_CRASH_MARKERS` (a folder). Without both variables every point is one dictionary look-up.
A point is `<transaction>:before` or `<transaction>:after` its commit, or one named where bytes are kept.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

ARMED = frozenset(filter(None, os.environ.get("GATEWAY_CRASH_AT", "").split(",")))
MARKERS = os.environ.get("GATEWAY_CRASH_MARKERS", "")


def point(name: str) -> None:
    """Die here, as by power loss, when this point is armed and has not fired yet."""
    if name not in ARMED or not MARKERS:
        return
    marker = Path(MARKERS) / name.replace(":", "-")
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
