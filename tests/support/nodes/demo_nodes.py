"""Nodes and programs for the tests of the demonstration: a small phantom, DCMTK, a peer that wants commitment."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from pydicom import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pynetdicom import build_context, evt
from pynetdicom.association import Association

from gateway.demo.listener import Listener, Requestor
from gateway.demo.phantom import phantom_study
from gateway.demo.services import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE

STUDY_DATE = date(2026, 11, 20)


@cache
def small_study() -> tuple[Dataset, ...]:
    """The small phantom study of STUDY_DATE, made once; do not change its data sets."""
    return tuple(phantom_study(STUDY_DATE, small=True))


def dcmtk(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a DCMTK program; its output, both channels, is in `stdout`."""
    path = shutil.which(program)
    assert path is not None, f"{program} is missing: install the Debian package dcmtk."
    return subprocess.run(  # the path comes from PATH, the arguments from the test
        [path, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
        env={"TCP_NODELAY": "1", "DCMDICTPATH": "/usr/share/libdcmtk17/dicom.dic"},
        check=False,
    )


@dataclass
class CommitmentPeer:
    """Asks an archive for storage commitment and waits for the answer, on whichever association it comes."""

    ae_title: str = "GATEWAY"
    results: list[Dataset] = field(default_factory=list)
    calling: list[str] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def ask(
        self, host: str, port: int, ae_title: str, references: Iterable[tuple[str, str]], wait_s: float = 30.0
    ) -> int:
        """N-ACTION; returns its status. The association stays open until an answer came or `wait_s` passed."""
        association = self.associate(host, port, ae_title)
        assert association.is_established
        status, _ = association.send_n_action(
            request(references), 1, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
        )
        self.arrived.wait(wait_s)
        association.release()
        return int(status.Status)

    def associate(self, host: str, port: int, ae_title: str) -> Association:
        ae = Requestor(self.ae_title)
        return ae.associate(
            host,
            port,
            contexts=[build_context(STORAGE_COMMITMENT)],
            ae_title=ae_title,
            evt_handlers=[(evt.EVT_N_EVENT_REPORT, self.on_report)],
        )

    def on_report(self, event: evt.Event) -> tuple[int, None]:
        result = event.event_information
        result.EventTypeID = event.event_type
        self.results.append(result)
        self.calling.append(event.assoc.requestor.ae_title)
        self.arrived.set()
        return 0x0000, None

    @contextmanager
    def listening(self) -> Iterator[CommitmentPeer]:
        """Be reachable for results on a new association."""
        context = build_context(STORAGE_COMMITMENT)
        context.scu_role = context.scp_role = True
        listener = Listener(Requestor(self.ae_title), "127.0.0.1", self.port)
        listener.start([context], [(evt.EVT_N_EVENT_REPORT, self.on_report)])
        self.port = listener.port
        try:
            yield self
        finally:
            listener.stop()


def request(references: Iterable[tuple[str, str]], transaction_uid: str = "2.25.4711") -> Dataset:
    """The data set of a storage commitment request (PS3.4 J.3.2)."""
    ds = Dataset()
    ds.TransactionUID = transaction_uid
    items = []
    for sop_class, sop_instance in references:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop_instance
        items.append(item)
    ds.ReferencedSOPSequence = DicomSequence(items)
    return ds
