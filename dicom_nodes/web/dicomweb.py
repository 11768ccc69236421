"""Sending and asking over DICOMweb (the HTTP half of `sender`).

Queries go through dicomweb-client, on a session of ours; STOW-RS through `stow_upload` on the same.
Standard: PS3.18 10.5 (store), 10.6 (search).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import requests
from dicomweb_client.web import DICOMwebClient

from dicom_nodes.commitment import InstanceReference
from dicom_nodes.errors import RequestRefused
from dicom_nodes.node import DicomWebNode
from dicom_nodes.outcomes import Answered, Meaning, Outcome, meaning
from dicom_nodes.outgoing import OutgoingFile
from dicom_nodes.peer_numbers import stated_count
from dicom_nodes.web.dicom_json import text, values
from dicom_nodes.web.stow_upload import CONNECT_S, OnOutcome, StowUpload, network_error

_PAGE = 500
_SOP_INSTANCE_UID, _INSTANCES_IN_SERIES = "00080018", "00201209"


class _Session(requests.Session):
    """dicomweb-client sets a Host header without the port; what it sets is dropped here."""

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        prepared = super().prepare_request(request)
        prepared.headers.pop("Host", None)
        return prepared


def store(node: DicomWebNode, files: Sequence[OutgoingFile], *, report: OnOutcome, timeout_s: float) -> None:
    """STOW-RS over one HTTP connection in bounded batches; every file gets exactly one outcome."""
    with _session(node) as session:
        StowUpload(session, node, report, timeout_s).send(files)


def echo(node: DicomWebNode, *, timeout_s: float) -> float:
    """Ask for at most one study; seconds until the answer."""
    start = time.perf_counter()
    with _session(node) as session:
        _search(node, lambda: _client(node, session, timeout_s).search_for_studies(limit=1))
    return time.perf_counter() - start


def holds(
    node: DicomWebNode, references: Sequence[InstanceReference], *, study_instance_uid: str, timeout_s: float
) -> frozenset[str]:
    """The SOP Instance UIDs among the references that a QIDO-RS search finds in the study."""
    wanted = {reference.sop_instance_uid for reference in references}
    kept: set[str] = set()
    with _session(node) as session:
        client = _client(node, session, timeout_s)
        offset = 0
        while not wanted <= kept:
            page = _search(
                node,
                lambda offset=offset: client.search_for_instances(  # type: ignore[misc]
                    study_instance_uid=study_instance_uid, limit=_PAGE, offset=offset
                ),
            )
            before = len(kept)
            kept.update(text(match, _SOP_INSTANCE_UID) for match in page)
            if len(kept) == before:
                break  # an empty page, or a server that ignores `offset` and repeats itself
            offset += len(page)
    return frozenset(wanted & kept)


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
    counts = [stated_count(values(match, _INSTANCES_IN_SERIES)) for match in series]
    return sum(filter(None, counts)) if counts and all(counts) else None


def _client(node: DicomWebNode, session: requests.Session, timeout_s: float) -> DICOMwebClient:
    client = DICOMwebClient(
        node.url, session=session, timeout=(min(CONNECT_S, timeout_s), timeout_s), permissive_uid=True
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


def _search(node: DicomWebNode, ask: Callable[[], Any]) -> list[dict[str, Any]]:
    try:
        answered = ask()
        return [match for match in answered if isinstance(match, dict)] if isinstance(answered, list) else []
    except requests.HTTPError as error:
        status = error.response.status_code
        raise RequestRefused(
            f"Node {node.name!r} answered the search with HTTP {status}: {meaning(Answered.HTTP, status).text}.",
            meaning(Answered.HTTP, status).fix,
            status=status,
            answer=meaning(Answered.HTTP, status),
        ) from error
    except requests.exceptions.JSONDecodeError as error:
        raise RequestRefused(
            f"Node {node.name!r} did not answer with DICOM JSON.",
            "Check that url is the root of its DICOMweb service (often .../dicom-web).",
            status=200,
            answer=Meaning(Outcome.REFUSED, "did not answer with DICOM JSON"),
        ) from error
    except requests.RequestException as error:
        raise network_error(node, error) from error
