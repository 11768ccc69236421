"""The receiver and the web role cannot open a key file, even one their account may read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.records.identities import keys

PROBE = """
import os, sys
from pathlib import Path
from gateway import settings_file
from gateway.service import serve

folder = Path(sys.argv[2])

def attempts():
    for name, act in {
        "open": lambda: open(folder / "vault.key"),
        "os.open": lambda: os.open(folder / "pseudonym.key", os.O_RDONLY),
        "bytes": lambda: open(os.fsencode(folder / "vault.key"), "rb"),
        "link": lambda: open(folder.parent / "link"),
        "dots": lambda: open(folder / ".." / folder.name / "vault.key"),
        "other file": lambda: open(folder / "ca.pem").close(),
    }.items():
        try:
            act()
            print(name, "opened", flush=True)
        except PermissionError:
            print(name, "refused", flush=True)

def instead(gateway, stop, port=None):
    attempts()

serve._web = serve._receive = serve._work = instead
os.environ["GATEWAY_STORAGE__KEYS"] = str(folder)
serve.run_role(settings_file.load(), sys.argv[1])
"""


@pytest.mark.parametrize(
    ("role", "wanted"), [("web", "refused"), ("receiver", "refused"), ("worker", "opened")]
)
def test_only_the_worker_can_open_a_key(tmp_path: Path, role: str, wanted: str) -> None:
    """By path, descriptor, bytes, symbolic link or a path with dots: refused; other files beside stay open."""
    for name in ("vault.key", "pseudonym.key"):
        keys.make_key(tmp_path / "keys" / name)
    (tmp_path / "keys" / "ca.pem").write_text("a certificate")
    (tmp_path / "link").symlink_to(tmp_path / "keys" / "vault.key")
    ended = subprocess.run(
        [sys.executable, "-c", PROBE, role, str(tmp_path / "keys")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = dict(
        line.rsplit(" ", 1) for line in ended.stdout.splitlines() if line.endswith(("refused", "opened"))
    )
    assert told.pop("other file") == "opened"
    assert set(told.values()) == {wanted}
    assert len(told) == 5


@pytest.mark.timeout(120)
def test_the_web_role_serves_pages_where_no_key_is(tmp_path: Path) -> None:
    """The pages answer although the key folder does not even exist."""
    import time

    import httpx

    from gateway.demo.demo_systems import free_port

    (tmp_path / "gateway.toml").write_text("")
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "gateway", "serve", "--role", "web", "--config", "gateway.toml"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "GATEWAY_WEB__PORT": str(port)},
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/sign-in", trust_env=False).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.2)
        else:
            pytest.fail("the web role did not answer")
        assert not (tmp_path / "gateway-data" / "keys").exists()
    finally:
        server.terminate()
        assert server.wait(30) == 0
