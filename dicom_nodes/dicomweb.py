"""Sending and asking over DICOMweb (the HTTP half of `sender`).

Queries go through dicomweb-client. Its `store_instances` decodes and re-encodes every data set, hides the
HTTP status and gives up on a 409 that says exactly which instances failed; so STOW-RS uses the client's
session, sends the stored bytes as they are, and reads each instance's outcome from the answer.
Standard: PS3.18 10.5 (store), 10.6 (search).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import requests
from dicomweb_client.web import DICOMwebClient

from dicom_nodes.commitment import Reference
from dicom_nodes.errors import NodeTimeout, NodeUnreachable, RequestRefused
from dicom_nodes.node import DicomWebNode
from dicom_nodes.outcomes import InstanceOutcome, Outcome, meaning_of_status, outcome_of_status
from dicom_nodes.outgoing import OutgoingFile
from dicom_nodes.stow import Answer, read_answer

Report = Callable[[InstanceOutcome], None]

_BATCH_FILES = 32
_BATCH_BYTES = 32 * 1024 * 1024
_CONNECT_S = 5.0
_SLOWEST_BYTES_PER_S = 250_000
_PAGE = 500
_CHUNK = 1024 * 1024


class _Session(requests.Session):
    """dicomweb-client sets a Host header without the port; what it sets is dropped here."""

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        prepared = super().prepare_request(request)
        prepared.headers.pop("Host", None)
        return prepared


def store(node: DicomWebNode, files: Sequence[OutgoingFile], *, report: Report, timeout_s: float) -> None:
    """STOW-RS in batches of at most 32 files or 32 MB; every file gets exactly one outcome."""
    with _session(node) as session:
        first = True
        for batch in _batches(files, report):
            try:
                outcomes = _post(session, node, batch, timeout_s)
            except (NodeUnreachable, NodeTimeout) as error:
                if first:
                    raise
                outcomes = [
                    InstanceOutcome(file.sop_instance_uid, Outcome.TRY_AGAIN, None, error.problem)
                    for file, _ in batch
                ]
            first = False
            for outcome in outcomes:
                report(outcome)


def echo(node: DicomWebNode, *, timeout_s: float) -> float:
    """Ask for at most one study; seconds until the answer."""
    start = time.perf_counter()
    with _session(node) as session:
        _search(node, lambda: _client(node, session, timeout_s).search_for_studies(limit=1))
    return time.perf_counter() - start


def holds(
    node: DicomWebNode, references: Sequence[Reference], *, study_instance_uid: str, timeout_s: float
) -> frozenset[str]:
    """The SOP Instance UIDs among the references that a QIDO-RS search finds in the study."""
    wanted = {reference.sop_instance_uid for reference in references}
    found: set[str] = set()
    with _session(node) as session:
        client = _client(node, session, timeout_s)
        offset = 0
        while not wanted <= found:
            page = _search(
                node,
                lambda offset=offset: client.search_for_instances(  # type: ignore[misc]
                    study_instance_uid=study_instance_uid, limit=_PAGE, offset=offset
                ),
            )
            before = len(found)
            found.update(str((match.get("00080018", {}).get("Value") or [""])[0]) for match in page)
            if len(found) == before:
                break  # an empty page, or a server that ignores `offset` and repeats itself
            offset += len(page)
    return frozenset(wanted & found)


def count_mr(node: DicomWebNode, study_instance_uid: str, *, timeout_s: float) -> int | None:
    """How many instances QIDO-RS counts in the MR series of a study (PS3.18 10.6.3); None: it does not say."""
    with _session(node) as session:
        client = _client(node, session, timeout_s)
        series = _search(
            node,
            lambda: client.search_for_series(
                study_instance_uid=study_instance_uid,
                fields=["NumberOfSeriesRelatedInstances"],
                search_filters={"Modality": "MR"},
            ),
        )
    counts = [int((one.get("00201209", {}).get("Value") or [0])[0]) for one in series]
    return sum(counts) if counts and all(counts) else None


def _client(node: DicomWebNode, session: requests.Session, timeout_s: float) -> DICOMwebClient:
    client = DICOMwebClient(
        node.url, session=session, timeout=(min(_CONNECT_S, timeout_s), timeout_s), permissive_uid=True
    )
    client.set_http_retry_params(retry=False)  # who waits and how long is decided by the caller
    return client


def _session(node: DicomWebNode) -> requests.Session:
    session = _Session()
    session.trust_env = False  # no proxy, no .netrc: what is said goes to this node and nowhere else
    session.verify = node.verify if isinstance(node.verify, bool) else str(node.verify)
    if node.token_file is not None:
        session.headers["Authorization"] = f"Bearer {node.token_file.read_text(encoding='utf-8').strip()}"
    elif node.username is not None and node.password_file is not None:
        session.auth = (node.username, node.password_file.read_text(encoding="utf-8").strip())
    return session


def _batches(files: Sequence[OutgoingFile], report: Report) -> Iterator[list[tuple[OutgoingFile, bytes]]]:
    """The files with their bytes; one that cannot be read is reported as refused and left out."""
    batch: list[tuple[OutgoingFile, bytes]] = []
    size = 0
    for file in files:
        try:
            content = file.path.read_bytes()
        except OSError as error:
            why = f"the file cannot be read here ({error.strerror})"
            report(InstanceOutcome(file.sop_instance_uid, Outcome.REFUSED, None, why))
            continue
        if batch and (len(batch) >= _BATCH_FILES or size + len(content) > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((file, content))
        size += len(content)
    if batch:
        yield batch


class _Multipart:
    """A multipart/related body of known length that is never assembled in memory."""

    def __init__(self, contents: Sequence[bytes]) -> None:
        self.boundary = uuid.uuid4().hex
        head = f"--{self.boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode("ascii")
        self._pieces: list[bytes] = []
        for content in contents:
            self._pieces += [head, content, b"\r\n"]
        self._pieces.append(f"--{self.boundary}--\r\n".encode("ascii"))

    def __len__(self) -> int:
        return sum(len(piece) for piece in self._pieces)

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            view = memoryview(piece)
            for start in range(0, len(piece), _CHUNK):
                yield bytes(view[start : start + _CHUNK])


def _post(
    session: requests.Session, node: DicomWebNode, batch: list[tuple[OutgoingFile, bytes]], timeout_s: float
) -> list[InstanceOutcome]:
    body = _Multipart([content for _, content in batch])
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={body.boundary}',
        "Accept": "application/dicom+json",
    }
    read_s = timeout_s + len(body) / _SLOWEST_BYTES_PER_S
    try:
        response = session.post(
            f"{node.url}/studies",
            data=body,
            headers=headers,
            timeout=(min(_CONNECT_S, timeout_s), read_s),
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise _network_error(node, error) from error
    answer = read_answer(response.status_code, response.content)
    return [_outcome(file, answer) for file, _ in batch]


def _outcome(file: OutgoingFile, answer: Answer) -> InstanceOutcome:
    uid = file.sop_instance_uid
    if uid in answer.failed:
        reason = answer.failed[uid]
        outcome = outcome_of_status(reason)
        # "Failed" with a reason that means success would be a contradiction; believe the list.
        if outcome is Outcome.ACCEPTED:
            outcome = Outcome.REFUSED
        return InstanceOutcome(uid, outcome, reason, meaning_of_status(reason))
    if uid in answer.stored:
        warning = answer.stored[uid]
        if warning is None:
            return InstanceOutcome(uid, Outcome.ACCEPTED, 0, "stored")
        return InstanceOutcome(uid, Outcome.WARNING, warning, meaning_of_status(warning))
    return InstanceOutcome(uid, answer.otherwise, None, answer.detail)


def _search(node: DicomWebNode, ask: Callable[[], Any]) -> list[dict[str, Any]]:
    try:
        return list(ask() or [])
    except requests.HTTPError as error:
        status = error.response.status_code
        raise RequestRefused(
            f"Node {node.name!r} answered the search with HTTP {status}.",
            "Check url, user and rights of this node." if status in (401, 403, 404) else "Ask who runs it.",
            status=status,
            transient=status >= 500 or status in (408, 429),
        ) from error
    except requests.exceptions.JSONDecodeError as error:
        raise RequestRefused(
            f"Node {node.name!r} did not answer with DICOM JSON.",
            "Check that url is the root of its DICOMweb service (often .../dicom-web).",
            status=200,
            transient=False,
        ) from error
    except requests.RequestException as error:
        raise _network_error(node, error) from error


def _network_error(node: DicomWebNode, error: requests.RequestException) -> NodeUnreachable | NodeTimeout:
    # The exception's text may hold the whole address with a query; only its kind is repeated.
    if isinstance(error, requests.ReadTimeout):
        return NodeTimeout(f"Node {node.name!r} did not answer in time.", "Wait; it will be asked again.")
    kind = type(error).__name__
    return NodeUnreachable(
        f"Node {node.name!r} cannot be reached at {node.url} ({kind}).",
        "Check that it is running, and url, certificate and firewall in between.",
    )
