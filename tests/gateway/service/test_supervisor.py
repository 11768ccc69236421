"""The supervisor: one process for each role, started again when it died, ended with it, cut when it will not end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gateway.records.identities.keys import make_keys
from support.nodes.peers import wait_until

SUPERVISED = """
import sys, time
from pathlib import Path
from gateway import logs, settings_file
from gateway.service import supervisor

def role(settings, role, stop, port):
    print(role, flush=True)
{role}

supervisor.run = role
loaded = settings_file.load(Path("gateway.toml"), {{}})
logs.configure(loaded.log)
supervisor.supervise(loaded, {roles!r})
print("ended", flush=True)
"""
"""The supervisor as it is, with roles that do what the test is about: it must not matter to it what they do."""
WAITS = "    stop.wait()"
DIES = "    raise RuntimeError('a fault')"


class Supervised:
    """A supervisor in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process, self._folder = process, folder

    @property
    def roles(self) -> set[int]:
        """The processes of its roles."""
        pid = self.process.pid
        return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}

    @property
    def started(self) -> list[str]:
        """The roles that were started, one after the other; and at last that the supervisor ended."""
        return (self._folder / "out").read_text().splitlines()

    @property
    def log(self) -> list[dict[str, Any]]:
        """What it logged."""
        return [
            json.loads(line) for line in (self._folder / "log").read_text().splitlines() if line[:1] == "{"
        ]


@contextmanager
def supervised(
    folder: Path, role: str, roles: tuple[str, ...] = ("web",), serve: str = ""
) -> Iterator[Supervised]:
    """A supervisor of these roles, each of which does what the lines of `role` say."""
    (folder / "gateway.toml").write_text(f'[log]\nformat = "json"\n[serve]\nrestart_delay = 0.05\n{serve}')
    make_keys(folder / "gateway-data" / "keys")
    program = SUPERVISED.format(role=role, roles=roles)
    with (
        (folder / "out").open("wb") as out,
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdout=out,
            stderr=log,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            process_group=0,
        ) as process,
    ):
        try:
            yield Supervised(process, folder)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def runs(pid: int) -> bool:
    """Whether that process is there and no mere entry that nobody has asked for."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def test_each_role_has_one_process_and_all_end_together(tmp_path: Path) -> None:
    """SIGTERM to the supervisor asks each of them, and it waits for them."""
    with supervised(tmp_path, WAITS, ("web", "worker")) as running:
        wait_until(lambda: sorted(running.started) == ["web", "worker"], 60)
        roles = running.roles
        assert len(roles) == 2
        running.process.terminate()
        assert running.process.wait(30) == 0
        assert running.started[-1] == "ended"
        assert not [pid for pid in roles if runs(pid)]


def test_a_role_that_is_killed_is_started_again_and_the_others_stay(tmp_path: Path) -> None:
    """Said in the log, with how long it takes."""
    with supervised(tmp_path, WAITS, ("web", "worker")) as running:
        wait_until(lambda: len(running.started) == 2, 60)
        before = running.roles
        os.kill(min(before), signal.SIGKILL)
        wait_until(lambda: len(running.started) == 3 and len(running.roles) == 2, 30)
        assert len(running.roles & before) == 1
        [died] = [line for line in running.log if "died" in line["event"]]
        assert died["role"] == running.started[2]
        assert died["in_seconds"] == 0.05


def test_a_role_that_always_dies_is_tried_less_and_less_often(tmp_path: Path) -> None:
    """Each time after twice as long; why it fails is in the log, each time."""
    with supervised(tmp_path, DIES) as running:
        wait_until(lambda: len(running.started) >= 5, 60)
        delays = [line["in_seconds"] for line in running.log if "died" in line["event"]]
        assert delays[:4] == [0.05, 0.1, 0.2, 0.4]
        failed = [line for line in running.log if line["event"] == "a role failed"]
        assert all("builtins.RuntimeError" in line["exception"] for line in failed)
        assert len(failed) >= 4
        running.process.terminate()
        assert running.process.wait(30) == 0


def test_roles_end_when_their_supervisor_is_gone(tmp_path: Path) -> None:
    """Killed without a word: an orphan would keep the port that the next one needs."""
    with supervised(tmp_path, WAITS, ("web", "worker")) as running:
        wait_until(lambda: len(running.started) == 2, 60)
        roles = running.roles
        running.process.kill()
        wait_until(lambda: not [pid for pid in roles if runs(pid)], 30)


def test_a_role_that_will_not_end_is_cut(tmp_path: Path) -> None:
    """After the time to drain and a little more; the supervisor ends well all the same."""
    with supervised(tmp_path, "    while True: time.sleep(1)", serve="drain = 0.1\n") as running:
        wait_until(lambda: running.started == ["web"], 60)
        [role] = running.roles
        running.process.terminate()
        assert running.process.wait(30) == 0
        assert not runs(role)
