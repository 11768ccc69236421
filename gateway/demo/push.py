"""A hospital pushing files by C-STORE: everything arrives, or PushFailed says what did not and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import build_context
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from dicom_nodes.upper_layer.pynetdicom_private import held_reactor
from dicom_nodes.upper_layer.pynetdicom_setup import MAX_PDU, close
from gateway.demo.errors import PushFailed
from gateway.demo.listener import Requestor

Progress = Callable[[int, int], None]
_ATTEMPTS = 3
_LITTLE_ENDIAN = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)


def push(
    paths: Sequence[Path],
    host: str,
    port: int,
    ae_title: str,
    on_progress: Progress | None = None,
    *,
    calling_ae_title: str = "HOSPITAL",
    timeout_s: float = 10.0,
) -> int:
    """Send files to the node `ae_title` at `host:port`; returns how many were stored.

    `on_progress(sent, total)` is called after each file. An association that breaks or falls silent is opened again
    and goes on with the same file, twice at most (the same instance twice is harmless); every refusal and every
    status but Success raises PushFailed at once.
    """
    if not paths:
        raise PushFailed("There is nothing to send.", "Name at least one DICOM file.")
    ae = Requestor(calling_ae_title)
    ae.maximum_pdu_size = MAX_PDU
    ae.acse_timeout = timeout_s
    ae.dimse_timeout = timeout_s
    ae.connection_timeout = timeout_s
    contexts = _contexts(paths)
    where = f"{ae_title} at {host}:{port}"
    sent = 0
    broken = ""
    for _ in range(_ATTEMPTS):
        association = ae.associate(host, port, contexts=contexts, ae_title=ae_title, max_pdu=MAX_PDU)
        if not association.is_established:
            raise _not_associated(association, where, sent)
        try:
            with held_reactor(association):
                for path in paths[sent:]:
                    _store(association, path, where, sent)
                    sent += 1
                    if on_progress is not None:
                        on_progress(sent, len(paths))
            return sent
        except _Broken as error:
            broken = str(error)
        finally:
            close(association)
    raise PushFailed(
        f"The association with {where} broke {_ATTEMPTS} times, last {broken}, after {sent} of {len(paths)} files.",
        "Look into the log of that node; the files already sent need not be sent again.",
        sent,
    )


class _Broken(Exception):
    """The association is gone; another one may do."""


def _store(association: Association, path: Path, where: str, sent: int) -> None:
    dataset = dcmread(path)
    try:
        status = association.send_c_store(dataset)
    except ValueError as error:  # no accepted presentation context for this class and transfer syntax
        raise PushFailed(
            f"{where} does not accept {dataset.SOPClassUID.name} as {dataset.file_meta.TransferSyntaxUID.name} "
            f"({path.name}).",
            "Allow that SOP class and transfer syntax there.",
            sent,
        ) from error
    except RuntimeError as error:  # the association was closed before the request
        raise _Broken(f"before {path.name}") from error
    if "Status" not in status:
        raise _Broken(f"waiting for the answer to {path.name}")
    if status.Status != 0x0000:
        raise PushFailed(
            f"{where} answered {path.name} with status 0x{status.Status:04X}{_comment(status)}.",
            "Look that status up in PS3.4 B.2.3 and into the log of that node.",
            sent,
        )


def _comment(status: Dataset) -> str:
    comment = str(status.get("ErrorComment", "") or "")
    return f" ({comment})" if comment else ""


def _contexts(paths: Sequence[Path]) -> list[PresentationContext]:
    """One context per SOP class and stored syntax, so that the peer's choice is always the file's own syntax."""
    wanted: dict[tuple[str, str], None] = {}
    for path in paths:
        try:
            meta = dcmread(path, stop_before_pixels=True, specific_tags=["SOPClassUID"]).file_meta
            wanted[str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID)] = None
        except (InvalidDicomError, AttributeError, OSError) as error:
            raise PushFailed(f"{path} is not a readable DICOM file.", "Name DICOM files only.") from error
    classes = dict.fromkeys(sop_class for sop_class, _ in wanted)
    compressed = [build_context(c, t) for c, t in wanted if t not in _LITTLE_ENDIAN]
    return compressed + [build_context(c, list(_LITTLE_ENDIAN)) for c in classes]


def _not_associated(association: Association, where: str, sent: int) -> PushFailed:
    answer = association.acceptor.primitive
    if association.is_rejected and answer is not None:
        return PushFailed(
            f"{where} rejected the association: {answer.reason_str}.",
            "Check both AE titles and the list of callers at that node.",
            sent,
        )
    if association.rejected_contexts:
        classes = {
            context.abstract_syntax.name
            for context in association.rejected_contexts
            if context.abstract_syntax
        }
        return PushFailed(
            f"{where} does not accept {', '.join(sorted(classes))}.",
            "Allow these SOP classes and their transfer syntaxes there.",
            sent,
        )
    if association.is_aborted and answer is not None:
        return PushFailed(f"{where} aborted the association.", "Look into the log of that node.", sent)
    return PushFailed(
        f"{where} cannot be reached.", "Check host and port, and that the node is running.", sent
    )
