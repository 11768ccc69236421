"""Starting quickly, and collecting garbage as ever afterwards."""

from __future__ import annotations

import gc
import subprocess
import sys
from contextlib import suppress

from gateway.service.starting import importing


def test_the_collector_rests_only_meanwhile() -> None:
    """It is on again afterwards, also after an import that fails; who had switched it off keeps it so."""
    gc.enable()
    seen: list[bool] = []
    with suppress(ImportError), importing():
        seen.append(gc.isenabled())
        raise ImportError
    assert seen == [False]
    assert gc.isenabled()
    gc.disable()
    try:
        with importing():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_command_collects_garbage() -> None:
    """Whatever the command line imports to start with, what a long run leaves behind is collected."""
    program = (
        "import gc, sys\n"
        "from gateway import cli\n"
        "cli.main = lambda: print(gc.isenabled(), gc.get_freeze_count() > 10_000)\n"
        "from gateway.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True True\n"
