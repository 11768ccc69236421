"""A child of this process that is killed at a commit point, as `kill -9` or a power loss would."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from pathlib import Path

from gateway.records import crash


def killed_at(point: str, markers: Path, act: Callable[[], object]) -> bool:
    """Run `act` in a forked child that dies at `point`; True when it got there, False when it ended before.

    `act` must open its own database: connections do not survive a fork.
    """
    markers.mkdir(exist_ok=True)
    child = os.fork()
    if child == 0:
        crash.ARMED, crash.MARKERS = frozenset({point}), str(markers)  # type: ignore[misc]
        code = 1
        try:
            act()
            code = 0
        except Exception:  # noqa: BLE001  whatever it was, the child must not run the rest of the tests
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed; its trace is in the captured output"
    return False
