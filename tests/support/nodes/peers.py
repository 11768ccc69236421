"""Other DICOM systems for the tests: a scriptable PACS on plain pynetdicom, DCMTK's programs, a real Orthanc."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.presentation import AllStoragePresentationContexts, build_role
from pynetdicom.sop_class import (
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    StudyRootQueryRetrieveInformationModelFind,
    Verification,
)

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.instance import ReceivedInstance
from dicom_nodes.node import DimseNode, Role
from dicom_nodes.scp.receiver import Receiver
from dicom_nodes.upper_layer.contexts import TRANSFER_SYNTAXES
from dicom_nodes.upper_layer.pynetdicom_private import reject
from support.services import path_of

HERE = "127.0.0.1"
EVERYTHING = frozenset(Role)
# DCMTK, and Orthanc through it, leave Nagle on: 40 ms an instance against a peer that delays its ACKs.
_ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}


def free_port() -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Return as soon as the condition holds; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(0.01)


def node(name: str, ae_title: str, port: int, roles: frozenset[Role] = EVERYTHING, **more: Any) -> DimseNode:
    """A node on this machine."""
    return DimseNode(name=name, ae_title=ae_title, host=HERE, port=port, roles=roles, **more)


@dataclass
class Kept:
    """A `keep` that remembers what came and answers `status`."""

    status: int = 0x0000
    instances: list[ReceivedInstance] = field(default_factory=list)

    def __call__(self, instance: ReceivedInstance) -> int:
        self.instances.append(instance)
        return self.status


@contextmanager
def receiver(
    keep: Callable[[ReceivedInstance], int], *nodes: DimseNode, **options: Any
) -> Iterator[Receiver]:
    """A running Receiver called GATEWAY that knows the given nodes."""
    directory = NodeDirectory(nodes)
    started = Receiver("GATEWAY", HERE, options.pop("port", 0), lambda: directory, keep, **options)
    started.start()
    try:
        yield started
    finally:
        started.stop(drain_seconds=1.0)


@dataclass
class PretendPacs:
    """A PACS that does as the test says, on stock pynetdicom.

    `store_status` may be a function of the request; `syntaxes` are what it accepts; `commits` says where
    the commitment result goes: "same" or "new" association, "new without role", or "never".
    """

    ae_title: str = "PACS"
    store_status: int | Callable[[Any], int] = 0x0000
    syntaxes: Sequence[str] = TRANSFER_SYNTAXES
    sop_classes: Sequence[str] | None = None
    commits: str | None = None
    commit_failures: dict[str, int] = field(default_factory=dict)
    reports_to: int = 0
    hierarchical: bool = False
    counts: bool = True
    """Whether it answers the optional keys with numbers."""
    rejects: bool = False
    action_status: int = 0x0000
    """What it answers to a commitment request."""
    queries: bool = True
    """Whether it answers C-FIND."""
    admit: Callable[[Any], tuple[int, int, int] | None] = lambda _event: None
    """The A-ASSOCIATE-RJ (result, source, reason) for a request, or None to let it in."""
    stored: dict[str, bytes] = field(default_factory=dict)
    syntax_of: dict[str, str] = field(default_factory=dict)
    proposals: list[list[tuple[str, list[str]]]] = field(default_factory=list)
    headers: dict[str, tuple[str, str]] = field(default_factory=dict)
    report_statuses: list[int] = field(default_factory=list)
    port: int = 0

    @property
    def node(self) -> DimseNode:
        return node("pacs", self.ae_title, self.port)

    def __enter__(self) -> PretendPacs:
        ae = AE(self.ae_title)
        ae.maximum_pdu_size = 65536
        if self.rejects:
            ae.require_calling_aet = ["SOMEBODY-ELSE"]
        ae.add_supported_context(Verification)
        for context in AllStoragePresentationContexts:
            if self.sop_classes is None or context.abstract_syntax in self.sop_classes:
                ae.add_supported_context(str(context.abstract_syntax), list(self.syntaxes))
        if self.queries:
            ae.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
        if self.commits is not None:
            ae.add_supported_context(StorageCommitmentPushModel)
        handlers = [
            (evt.EVT_CONN_OPEN, _no_delay),
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_C_FIND, self._find),
            (evt.EVT_N_ACTION, self._action),
        ]
        self._ae = ae
        server = ae.start_server((HERE, self.port), block=False, evt_handlers=handlers)
        assert server is not None
        self.port = server.server_address[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._ae.shutdown()

    def _requested(self, event: Any) -> None:
        contexts = event.assoc.requestor.primitive.presentation_context_definition_list
        self.proposals.append(
            [(str(c.abstract_syntax), [str(s) for s in c.transfer_syntax]) for c in contexts]
        )
        rejection = self.admit(event)
        if rejection is not None:
            reject(event.assoc, *rejection)
            event.assoc.kill()

    def _store(self, event: Any) -> int:
        status = self.store_status(event) if callable(self.store_status) else self.store_status
        if status == 0x0000 or 0xB000 <= status <= 0xBFFF:
            uid = str(event.request.AffectedSOPInstanceUID)
            self.stored[uid] = event.request.DataSet.getvalue()
            self.syntax_of[uid] = str(event.context.transfer_syntax)
        return status

    def _find(self, event: Any) -> Iterator[tuple[int, Dataset | None]]:
        query = event.identifier
        if query.QueryRetrieveLevel == "SERIES":
            for series in {
                series for study, series in self.headers.values() if study == query.StudyInstanceUID
            }:
                match = Dataset()
                match.SeriesInstanceUID = series
                if self.counts and "NumberOfSeriesRelatedInstances" in query:
                    match.Modality = "MR"
                    held = [one for _, one in self.headers.values() if one == series]
                    match.NumberOfSeriesRelatedInstances = len(held)
                yield 0xFF00, match
            return
        if self.hierarchical and "SeriesInstanceUID" not in query:
            yield 0xA900, None
            return
        wanted = query.SOPInstanceUID
        wanted = [wanted] if isinstance(wanted, str) else list(wanted or ())
        for uid, (study, series) in self.headers.items():
            if (
                study == query.StudyInstanceUID
                and (uid in wanted or not any(wanted))
                and query.get("SeriesInstanceUID", series) == series
            ):
                match = Dataset()
                match.SOPInstanceUID = uid
                yield 0xFF00, match

    def _action(self, event: Any) -> tuple[int, None]:
        if self.action_status:
            return self.action_status, None
        request = event.action_information
        report = Dataset()
        report.TransactionUID = request.TransactionUID
        good, bad = [], []
        for item in request.ReferencedSOPSequence:
            reason = self.commit_failures.get(item.ReferencedSOPInstanceUID)
            if reason is None:
                good.append(item)
            else:
                item.FailureReason = reason
                bad.append(item)
        report.ReferencedSOPSequence = good
        if bad:
            report.FailedSOPSequence = bad
        threading.Thread(
            target=self._report, args=(event.assoc, report, 2 if bad else 1), daemon=True
        ).start()
        return 0x0000, None

    def _report(self, association: Any, report: Dataset, event_type: int) -> None:
        what = (report, event_type, StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
        time.sleep(0.1)
        if self.commits == "same":
            status, _ = association.send_n_event_report(*what)
            self.report_statuses.append(int(status.get("Status", -1)))
        elif self.commits in ("new", "new without role"):
            ae = AE(self.ae_title)
            ae.add_requested_context(StorageCommitmentPushModel)
            roles = [build_role(StorageCommitmentPushModel, scp_role=True)] if self.commits == "new" else []
            back = ae.associate(HERE, self.reports_to, ae_title="GATEWAY", ext_neg=roles)
            assert back.is_established
            status, _ = back.send_n_event_report(*what)
            self.report_statuses.append(int(status.get("Status", -1)))
            back.release()


def _no_delay(event: Any) -> None:
    event.assoc.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def dcmtk(program: str, *arguments: object, seconds: float = 30.0) -> subprocess.CompletedProcess[str]:
    """Run one of DCMTK's programs to its end; its output is in `stdout`."""
    return subprocess.run(
        [str(path_of(program)), *(str(argument) for argument in arguments)],
        env=_ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
    )


@contextmanager
def storescp(folder: Path, *options: str, ae_title: str = "STORESCP") -> Iterator[DimseNode]:
    """DCMTK's storescp, writing what it gets to `folder` bit by bit."""
    port = free_port()
    command = [path_of("storescp"), "-aet", ae_title, "-od", folder, "+B", *options, port]
    with _running([str(part) for part in command]):
        _listening(port)
        yield node("storescp", ae_title, port)


@contextmanager
def dcmrecv(folder: Path, *sop_classes: str, ae_title: str = "DCMRECV") -> Iterator[DimseNode]:
    """DCMTK's dcmrecv, accepting only these SOP classes; it writes what it gets to `folder`."""
    folder.mkdir(exist_ok=True)
    contexts = "".join(
        f"PresentationContext{number} = {uid}\\Uncompressed\n" for number, uid in enumerate(sop_classes, 1)
    )
    profile = folder.parent / "dcmrecv.cfg"
    profile.write_text(
        "[[TransferSyntaxes]]\n[Uncompressed]\nTransferSyntax1 = LocalEndianExplicit\n"
        "TransferSyntax2 = LittleEndianImplicit\n[[PresentationContexts]]\n[Taken]\n"
        f"{contexts}[[Profiles]]\n[Taken]\nPresentationContexts = Taken\n"
    )
    port = free_port()
    command = [path_of("dcmrecv"), "-aet", ae_title, "-xf", profile, "Taken", "-od", folder, port]
    with _running([str(part) for part in command]):
        _listening(port)
        yield node("dcmrecv", ae_title, port)


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc with its DICOMweb plugin."""

    ae_title: str
    dicom_port: int
    http_port: int

    @property
    def url(self) -> str:
        return f"http://{HERE}:{self.http_port}"

    @property
    def node(self) -> DimseNode:
        return node("orthanc", self.ae_title, self.dicom_port)

    def get(self, path: str) -> Any:
        """The JSON answer of Orthanc's own interface."""
        answer = requests.get(self.url + path, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def file(self, instance: str) -> bytes:
        """A stored instance, by Orthanc's own number."""
        answer = requests.get(f"{self.url}/instances/{instance}/file", timeout=10)
        answer.raise_for_status()
        return answer.content

    def delete_all(self) -> None:
        """Forget every patient."""
        for patient in self.get("/patients"):
            requests.delete(f"{self.url}/patients/{patient}", timeout=10).raise_for_status()


@contextmanager
def orthanc(folder: Path, *, gateway_port: int = 0, **options: Any) -> Iterator[Orthanc]:
    """Start Orthanc with its data in `folder`; it knows GATEWAY at `gateway_port` and commits to it."""
    server = Orthanc("ORTHANC", free_port(), free_port())
    configuration = {
        "Name": "test",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "DicomAet": server.ae_title,
        "DicomPort": server.dicom_port,
        "HttpPort": server.http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomCheckCalledAet": True,
        "StableAge": 1,
        "Plugins": [str(path_of("libOrthancDicomWeb.so"))],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        "DicomModalities": {
            "gateway": {
                "AET": "GATEWAY",
                "Host": HERE,
                "Port": gateway_port or 1,
                "AllowStorageCommitment": True,
            }
        },
        **options,
    }
    file = folder / "orthanc.json"
    file.write_text(json.dumps(configuration), encoding="utf-8")
    with _running([str(path_of("Orthanc")), str(file)], log=folder / "orthanc.log"):
        _listening(server.dicom_port, 30.0)
        wait_until(lambda: _answers(server.url + "/system"), 30.0)
        yield server


def _answers(url: str) -> bool:
    with suppress(requests.RequestException):
        return requests.get(url, timeout=2).ok
    return False


@contextmanager
def _running(command: list[str], log: Path | None = None) -> Iterator[None]:
    with open(log or os.devnull, "wb") as output:
        process = subprocess.Popen(command, env=_ENVIRONMENT, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _listening(port: int, seconds: float = 10.0) -> None:
    def open_now() -> bool:
        with suppress(OSError), socket.create_connection((HERE, port), timeout=1):
            return True
        return False

    wait_until(open_now, seconds)
