"""The receivers that are compared, each as the same kind of thing: a process with a port, an AE title and a folder.

Competitors get TCP_NODELAY=1: Debian's DCMTK, and Orthanc through it, leave Nagle's algorithm on, which costs some 40
ms an instance against a peer that delays its acknowledgements. `nodelay=False` is how they come out of the box.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.processes import HOST, free_port, running
from bench.programs.push import CALLING
from bench.workers import PATH
from gateway.service import scaffold
from support.services import path_of

MAX_PDU = 131072


@dataclass(frozen=True)
class Server:
    """A running receiver. `folder` is its own; `stored` the folder whose files may be taken away between runs."""

    ae_title: str
    port: int
    pid: int
    folder: Path
    stored: Path | None = None
    http_port: int = 0

    @property
    def url(self) -> str:
        """Where its pages or its REST interface are."""
        return f"http://{HOST}:{self.http_port}"

    def set_aside(self) -> None:
        """Empty what it stored, and take it away where it keeps no index of it; nothing is deleted (`Bench`)."""
        empty(self.folder)
        if self.stored is not None:
            os.rename(self.stored, tempfile.mkdtemp(prefix="aside-", dir=self.folder))
            self.stored.mkdir()


def empty(folder: Path) -> None:
    """Make every DICOM file below a folder an empty one."""
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_size > 132:
            with path.open("rb+") as stream:
                if stream.read(132)[128:] == b"DICM":
                    stream.truncate(0)


Start = Callable[[Path], AbstractContextManager[Server]]


@dataclass(frozen=True)
class Competitor:
    """A receiver to compare: how it is started in a folder, and what it does before it answers Success."""

    name: str
    syncs: str
    start: Start


NODES = """\
nodes:
  - {{name: bench, kind: dimse, ae_title: {calling}, host: 127.0.0.1, port: 1, roles: [sender], site: hospital}}
  - {{name: reading-site, kind: dimse, ae_title: SINK, host: 127.0.0.1, port: {sink}, roles: [reader], site: reading,
     commitment: false}}
"""
RULES = """\
rules:
  - id: natalizumab-surveillance
    title: Head MRI whose description names natalizumab or PML
    when:
      all:
        - modalities: {is: MR}
        - study_description: {matches: '(natalizumab|PML)'}
    destination: reading-site
    referral: surveillance
"""


@contextmanager
def gateway(
    folder: Path, *roles: str, sink: int = 1, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """`gateway serve` with its default settings (durability included) and the given roles; all without any."""
    home = folder / "gateway"
    scaffold.init(home)
    (home / "nodes.yaml").write_text(NODES.format(calling=CALLING, sink=sink), encoding="utf-8")
    for example in (home / "rules").glob("*.yaml"):
        example.unlink()
    (home / "rules" / "bench.yaml").write_text(RULES, encoding="utf-8")
    dicom, web = free_port(), free_port()
    environment = {"GATEWAY_DICOM__PORT": str(dicom), "GATEWAY_WEB__PORT": str(web), **(settings or {})}
    words = [word for role in roles for word in ("--role", role)]
    command = [sys.executable, "-m", "gateway", "serve", "--config", home / "gateway.toml", *words]
    listens = web if roles == ("web",) else dicom
    with running(command, folder, port=listens, environment=environment) as pid:
        yield Server("GATEWAY", dicom, pid, home, http_port=web)


@contextmanager
def storescp(
    folder: Path, *options: str, nodelay: bool = True, ae_title: str = "STORESCP"
) -> Iterator[Server]:
    """DCMTK's storescp; it writes each instance to a file and never syncs."""
    stored = folder / "stored"
    stored.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [path_of("storescp"), "-aet", ae_title, "-od", stored, *options, port]
    with running(command, folder, port=port, environment=_dcmtk(nodelay)) as pid:
        yield Server(ae_title, port, pid, folder, stored)


TUNED: dict[str, Any] = {
    "MaximumPduLength": MAX_PDU,
    "StoreMD5ForAttachments": False,
    "SaveJobs": False,
    "MetricsEnabled": False,
    "OverwriteInstances": False,
}
"""What makes Orthanc faster without making it less safe: SyncStorageArea stays on."""


@contextmanager
def orthanc(
    folder: Path, options: Mapping[str, Any] | None = None, *, nodelay: bool = True, sink: int = 1
) -> Iterator[Server]:
    """Orthanc on its built-in SQLite, without plugins, with its defaults but for `options`; it knows a node SINK."""
    folder.mkdir(parents=True, exist_ok=True)
    dicom, http = free_port(), free_port()
    configuration = {
        "Name": "bench",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "DicomAet": "ORTHANC",
        "DicomPort": dicom,
        "HttpPort": http,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "Plugins": [],
        "DicomModalities": {"sink": ["SINK", HOST, sink]},
        **(options or {}),
    }
    (folder / "orthanc.json").write_text(json.dumps(configuration), encoding="utf-8")
    command = [path_of("Orthanc"), folder / "orthanc.json"]
    with running(command, folder, port=dicom, environment=_dcmtk(nodelay)) as pid:
        yield Server("ORTHANC", dicom, pid, folder, http_port=http)


@contextmanager
def stock_pynetdicom(folder: Path) -> Iterator[Server]:
    """pynetdicom's own acceptor, writing the encoded data set as it came: the quickest of its documented ways."""
    stored = folder / "stored"
    stored.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [sys.executable, "-m", "bench.programs.stock_acceptor", port, stored]
    with running(command, folder, port=port, environment=PATH) as pid:
        yield Server("STOCK", port, pid, folder, stored)


def _dcmtk(nodelay: bool) -> dict[str, str]:
    return {"TCP_NODELAY": "1"} if nodelay else {}
