"""A real rsyslogd that takes messages by TLS and writes each, as it came, to a file."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.nodes.certificates import Authority
from support.services import path_of

CONFIGURATION = """
global(workDirectory="{folder}" maxMessageSize="64k"
       defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{ca}"
       defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{key}")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
template(name="raw" type="string" string="%rawmsg%\\n")
input(type="imtcp" port="{port}" address="127.0.0.1")
action(type="omfile" file="{written}" template="raw")
"""


@dataclass(frozen=True)
class SyslogServer:
    """Where it listens and what it wrote."""

    port: int
    written: Path

    def lines(self, wanted: int, seconds: float = 20) -> list[str]:
        """The messages, once there are so many."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.written.exists():
                lines = self.written.read_text(encoding="utf-8").splitlines()
                if len(lines) >= wanted:
                    return lines
            time.sleep(0.05)
        return self.written.read_text(encoding="utf-8").splitlines() if self.written.exists() else []


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def rsyslogd(folder: Path, authority: Authority, port: int) -> Iterator[SyslogServer]:
    """The server, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    tls = authority.settings(f"rsyslog-{port}")
    written = folder / "written.log"
    configuration = folder / "rsyslog.conf"
    configuration.write_text(
        CONFIGURATION.format(
            folder=folder, ca=tls.ca, certificate=tls.certificate, key=tls.key, port=port, written=written
        ),
        encoding="utf-8",
    )
    command = [path_of("rsyslogd"), "-n", "-f", configuration, "-i", folder / "rsyslogd.pid"]
    with (folder / "output").open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            _wait_for(port, server)
            yield SyslogServer(port, written)
        finally:
            server.terminate()
            server.wait(20)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        assert server.poll() is None, "rsyslogd ended by itself"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"rsyslogd does not listen on {port}")
