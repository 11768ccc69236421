"""STOW-RS of many files over one HTTP connection, in batches that shrink where the node cannot take them.

dicomweb-client's `store_instances` decodes and re-encodes every data set, hides the HTTP status and gives up on
a 409 that says exactly which instances failed; here the stored bytes go out as they are. A request that fails
as a whole says nothing about its instances: too much at once, one that the node chokes on, or all of them.
So it is sent again in halves, down to the instance; a success lets batches grow again. What every further
request would be told as well (401, 404, "too busy", nobody there) ends the upload at once.
Standard: PS3.18 10.5.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import requests

from dicom_nodes.errors import NodeError, NodeTimeout, NodeUnreachable, TlsRefused
from dicom_nodes.node import DicomWebNode
from dicom_nodes.outcomes import Broken, InstanceOutcome, Outcome, without_answer
from dicom_nodes.outgoing import OutgoingFile
from dicom_nodes.upper_layer import tls_problems
from dicom_nodes.web.multipart import Multipart, Part, PartUnreadable
from dicom_nodes.web.stow import StoreResponse, read_response

OnOutcome = Callable[[InstanceOutcome], None]

BATCH_FILES = 32
BATCH_BYTES = 32 * 1024 * 1024
CONNECT_S = 5.0

_SLOWEST_BYTES_PER_S = 250_000
_TOO_LARGE = 413
_BUSY = frozenset((429, 503))
# How much trouble in a row, without any success in between, before the rest is left for later. Six halvings
# find one bad instance among 32; two requests that ran into the time limit are enough.
_PATIENCE = 8
_TIMEOUT_COUNTS = 4


class StowUpload:
    """The files of one call of `store`. Every file gets one outcome, given to `report` as it is known."""

    def __init__(
        self, session: requests.Session, node: DicomWebNode, report: OnOutcome, timeout_s: float
    ) -> None:
        self._session, self._node, self._report, self._timeout_s = session, node, report, timeout_s
        self._pending: deque[Part] = deque()
        self._unheard: list[Part] = []
        self._answered = False
        self._trouble = 0
        self._most_files = BATCH_FILES
        self._most_bytes = self._ceiling = BATCH_BYTES

    def send(self, files: Sequence[OutgoingFile]) -> None:
        """Send the files; raises NodeUnreachable or NodeTimeout when the node never answered anything."""
        for file in files:
            try:
                self._pending.append(Part(file, file.path.stat().st_size))
            except OSError as problem:
                self._unreadable(file, problem.strerror or type(problem).__name__)
        lost: NodeError | None = None
        while self._pending and self._trouble < _PATIENCE:
            batch = self._batch()
            body = Multipart(batch)
            try:
                status, answer = self._post(body)
            except PartUnreadable as unreadable:
                self._unreadable(unreadable.part.file, unreadable.why)
                self._again([part for part in batch if part is not unreadable.part])
            except NodeError as error:
                lost = error
                if not body.begun:
                    self._again(batch)
                    break
                self._trouble += _TIMEOUT_COUNTS if isinstance(error, NodeTimeout) else 1
                if not self._halved(batch):
                    self._unheard.append(batch[0])
            else:
                self._take(status, answer, batch)
        if lost is not None and not self._answered:
            raise lost
        self._flush()
        why = "the node had trouble with too many requests" if lost is None else lost.problem
        for part in self._pending:
            detail = f"not sent: {why}"
            self._report(without_answer(part.file.sop_instance_uid, Broken.UNREACHABLE, detail))

    def _batch(self) -> list[Part]:
        batch = [self._pending.popleft()]
        size = batch[0].size
        while self._pending and len(batch) < self._most_files:
            size += self._pending[0].size
            if size > self._most_bytes:
                break
            batch.append(self._pending.popleft())
        return batch

    def _take(self, status: int, answer: StoreResponse, batch: list[Part]) -> None:
        """Outcomes for the batch, or the batch back to be halved."""
        self._answered = True
        self._flush()
        says_which = bool(answer.stored or answer.failed)
        whole = status >= 400 and not says_which
        same_for_all = status in _BUSY or answer.otherwise.outcome is Outcome.NODE_REFUSED
        if whole and not same_for_all:
            self._trouble += status >= 500
            if status == _TOO_LARGE:
                self._ceiling = max(1, sum(part.size for part in batch) // 2)
            if self._halved(batch):
                return
        for part in batch:
            self._report(answer.outcome(part.file.sop_instance_uid))
        if whole and same_for_all:
            while self._pending:
                self._report(answer.outcome(self._pending.popleft().file.sop_instance_uid))
        if not whole:
            self._trouble = 0
            self._most_files = min(BATCH_FILES, self._most_files * 2)
            self._most_bytes = min(self._ceiling, self._most_bytes * 2)

    def _halved(self, batch: list[Part]) -> bool:
        """Put the batch back, to go out in halves; False when it is a single file."""
        if len(batch) == 1:
            return False
        self._most_files = max(1, len(batch) // 2)
        self._most_bytes = max(1, sum(part.size for part in batch) // 2)
        self._again(batch)
        return True

    def _again(self, batch: Sequence[Part]) -> None:
        self._pending.extendleft(reversed(batch))

    def _flush(self) -> None:
        """Report what was sent and never answered, now that it is known that there is a node."""
        for part in self._unheard:
            detail = "no answer came; the node may or may not have the instance"
            self._report(without_answer(part.file.sop_instance_uid, Broken.SILENT, detail))
        self._unheard.clear()

    def _unreadable(self, file: OutgoingFile, why: str) -> None:
        detail = f"the file cannot be read here ({why})"
        self._report(without_answer(file.sop_instance_uid, Broken.LOCAL, detail))

    def _post(self, body: Multipart) -> tuple[int, StoreResponse]:
        headers = {
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={body.boundary}',
            "Accept": "application/dicom+json",
        }
        read_s = self._timeout_s + len(body) / _SLOWEST_BYTES_PER_S
        try:
            response = self._session.post(
                f"{self._node.url}/studies",
                data=body,
                headers=headers,
                timeout=(min(CONNECT_S, self._timeout_s), read_s),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise network_error(self._node, error) from error
        return response.status_code, read_response(response.status_code, response.content)


def network_error(
    node: DicomWebNode, error: requests.RequestException
) -> NodeUnreachable | NodeTimeout | TlsRefused:
    """What an exception of requests means; its text may hold a whole address with a query, so only its kind is kept."""
    if isinstance(error, requests.ReadTimeout):
        return NodeTimeout(f"Node {node.name!r} did not answer in time.", "Wait; it will be asked again.")
    if (trouble := tls_problems.told(error)) is not None:
        return TlsRefused(
            f"Node {node.name!r} cannot be talked to by TLS at {node.url}: {trouble[0]}.", trouble[1]
        )
    kind = type(error).__name__
    return NodeUnreachable(
        f"Node {node.name!r} cannot be reached at {node.url} ({kind}).",
        "Check that it is running, and url, certificate and firewall in between.",
    )
