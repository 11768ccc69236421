"""What the gateway writes is its own account's, from the first byte; `gateway check` names what is not."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import settings_file
from gateway.service import scaffold
from gateway.service.checks import check
from gateway.service.private_files import wide

OPEN = "umask 000; exec "
PYTHON = f"{sys.executable} -m gateway "


def run(folder: Path, arguments: str) -> subprocess.CompletedProcess[str]:
    """One command, by an account whose mask gives everything to everybody."""
    line = OPEN + PYTHON + arguments
    return subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gateway that was made that way."""
    made = tmp_path_factory.mktemp("gateway")
    assert run(made, "init .").returncode == 0
    (made / "gateway.toml").write_text("[dicom]\nport = 0\nprocesses = 1\n[web]\nport = 0\n")
    return made


def modes(folder: Path) -> Iterator[tuple[str, int]]:
    """Everything in a folder, links aside, and its permissions."""
    for path in folder.rglob("*"):
        if not path.is_symlink():
            yield str(path.relative_to(folder)), stat.S_IMODE(path.lstat().st_mode)


def test_nothing_a_running_gateway_makes_can_be_read_by_others(folder: Path) -> None:
    """Settings, keys, database, its log and index, objects, open folders, the last good nodes and rules."""
    log = folder / "log"
    with log.open("w") as output:
        served = subprocess.Popen(
            ["sh", "-c", OPEN + PYTHON + "serve"], cwd=folder, stderr=output, stdout=output
        )
        try:
            deadline = time.monotonic() + 60
            while not all(said in log.read_text() for said in ("receiving", "serving pages", "working")):
                assert served.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            assert run(folder, "check").returncode == 0
            found = dict(modes(folder))
        finally:
            served.send_signal(signal.SIGTERM)
            served.wait(60)
    del found["log"], found["gateway.toml"]  # ours
    assert {"gateway-data/gateway.sqlite-wal", "gateway-data/gateway.sqlite-shm"} <= found.keys()
    assert any(name.startswith("gateway-data/objects/") for name in found)
    assert {name: oct(mode) for name, mode in found.items() if mode & 0o077} == {}


def test_serve_makes_no_key_and_says_where_it_must_come_from(folder: Path) -> None:
    """Keys made anew would make every known patient a stranger: it stops, with the fix, and the folder stays empty."""
    keys, aside = folder / "gateway-data" / "keys", folder / "aside"
    keys.rename(aside)
    try:
        stopped = run(folder, "serve")
        assert stopped.returncode == 1
        assert "There is no key file" in stopped.stderr + stopped.stdout
        assert "Restore it from its backup" in stopped.stderr + stopped.stdout
        assert not keys.exists() or list(keys.iterdir()) == []
    finally:
        if keys.exists():
            keys.rmdir()
        aside.rename(keys)


def test_check_names_what_others_may_reach(tmp_path: Path) -> None:
    """Each place once, with the first such file, how many more, and what mends it; links are not followed."""
    before = os.umask(0o077)
    try:
        scaffold.init(tmp_path)
        settings = settings_file.load(tmp_path / "gateway.toml", {})
        settings.storage.objects.mkdir()
        database = tmp_path / "gateway-data" / "gateway.sqlite"
        database.touch()
        assert list(wide(settings)) == []
        (settings.storage.objects / "link").symlink_to("/")
        inside = settings.storage.objects / "a" / "b"
        inside.mkdir(parents=True)
        for number in range(3):
            (inside / f"{number}").touch()
    finally:
        os.umask(before)
    for number in range(3):
        (inside / f"{number}").chmod(0o640)
    database.chmod(0o644)
    (settings.storage.keys / "vault.key").chmod(0o604)
    told = [(each.problem, each.fix) for each in check(settings) if each.where == "files"]
    assert [fix for _, fix in told] == [
        f"Run: chmod -R go-rwx {place}" for place in (settings.storage.objects, database)
    ]
    assert "(mode 0640), and 2 more in" in told[0][0]
    assert f"{database} (mode 0644)." in told[1][0]
    [key] = [each for each in check(settings) if each.where == "keys"]
    assert "vault.key can be read by others" in key.problem
