"""C-STORE to a node: one association for all files, or as many as their presentation contexts need.

pynetdicom negotiates (TLS, AE titles, contexts); the instances go over a `StoreChannel`. Standard: PS3.4
Annex B, PS3.7 9.1.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pydicom.uid import UID
from pynetdicom.association import Association

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.errors import NodeError
from dicom_nodes.node import DimseNode, Service
from dicom_nodes.outcomes import Broken, InstanceOutcome, of_status, without_answer
from dicom_nodes.outgoing import Content, EncodedContent, OutgoingFile, StoredContent
from dicom_nodes.scu.store_channel import Message, StoreChannel
from dicom_nodes.scu.transcode import CannotTranscode, reencoded
from dicom_nodes.upper_layer.contexts import UNCOMPRESSED, proposals
from dicom_nodes.upper_layer.pdu_socket import AssociationLost
from dicom_nodes.upper_layer.pynetdicom_setup import associate, close, take_socket

OnOutcome = Callable[[InstanceOutcome], None]

_NO_CONTEXT = 0x0122
_LOST = "the association was lost; this instance was not sent"


def store(
    node: DimseNode,
    files: Sequence[OutgoingFile],
    *,
    calling_ae_title: str,
    report: OnOutcome,
    timeout_s: float,
) -> None:
    """C-STORE the files; every file gets exactly one outcome, given to `report` as it is known."""
    pairs = dict.fromkeys((file.sop_class_uid, file.transfer_syntax_uid) for file in files)
    for number, group in enumerate(proposals(pairs)):
        classes = {str(context.abstract_syntax) for context in group}
        members = [file for file in files if file.sop_class_uid in classes]
        try:
            association = associate(
                node.at(Service.STORE), group, calling_ae_title=calling_ae_title, timeout_s=timeout_s
            )
        except NodeError as error:
            if number == 0:
                raise
            for file in members:
                uid, answer = file.sop_instance_uid, error.answer
                report(InstanceOutcome(uid, answer.outcome, None, error.problem, error.fix, answer.tries))
            continue
        sending = _Sending(association, timeout_s)
        try:
            for outcome in sending.outcomes(members):
                report(outcome)
        except BaseException:
            sending.end(in_order=False)
            raise
        sending.end(in_order=True)


@dataclass(frozen=True)
class _Ready:
    """A file whose request is laid out; its content stays open until it is sent."""

    uid: str
    message: Message
    content: Content
    note: str


class _Sending:
    """The files of one association, one after the other; once it is lost the rest may be tried again."""

    def __init__(self, association: Association, timeout_s: float) -> None:
        self._contexts = {
            (str(context.abstract_syntax), str(context.transfer_syntax[0])): int(context.context_id or 0)
            for context in association.accepted_contexts
        }
        self._channel: StoreChannel | None = None
        if not association.is_established:
            close(association, abort=True)
            return
        maximum = association.acceptor.maximum_length or 0
        sock = take_socket(association)
        if sock is not None:
            self._channel = StoreChannel(sock, maximum, timeout_s)

    def outcomes(self, files: Sequence[OutgoingFile]) -> Iterator[InstanceOutcome]:
        """The outcome of each file in turn; the next one is read while the peer works on the last."""
        step: _Ready | InstanceOutcome | None = self._prepare(files[0])
        try:
            for following in (*files[1:], None):
                assert step is not None
                sent = self._send(step)
                step = None if following is None else self._prepare(following)
                yield self._answer(sent)
        finally:
            if isinstance(step, _Ready):
                step.content.close()

    def end(self, *, in_order: bool) -> None:
        """Release the association if there still is one; abort it when not `in_order`."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.release() if in_order else channel.abort()

    def _prepare(self, file: OutgoingFile) -> _Ready | InstanceOutcome:
        uid = file.sop_instance_uid
        content: Content | None = None
        try:
            found = self._content(file)
            if found is None:
                name = UID(file.sop_class_uid).name
                detail = f"the peer accepts no presentation context for {name} (status {_NO_CONTEXT:04X})"
                return without_answer(uid, Broken.NO_CONTEXT, detail, _NO_CONTEXT)
            context_id, content, note = found
            if self._channel is None:
                content.close()
                return without_answer(uid, Broken.UNREACHABLE, _LOST)
            return _Ready(
                uid, self._channel.prepare(context_id, file.sop_class_uid, uid, content), content, note
            )
        except (OSError, NotDicom, CannotTranscode) as error:
            if content is not None:
                content.close()
            return without_answer(uid, Broken.LOCAL, local_problem(error))

    def _content(self, file: OutgoingFile) -> tuple[int, Content, str] | None:
        """Context and bytes: as stored if the peer takes that, else uncompressed; None if it takes neither.

        Only what has to be converted is ever in memory as a whole.
        """
        exact = self._contexts.get((file.sop_class_uid, file.transfer_syntax_uid))
        if exact is not None:
            return exact, StoredContent.of(file), ""
        for syntax in UNCOMPRESSED:
            context = self._contexts.get((file.sop_class_uid, syntax))
            if context is not None:
                stored = UID(file.transfer_syntax_uid).name
                note = f"; sent as {UID(syntax).name}, because the peer does not take {stored}"
                return context, EncodedContent(reencoded(file.path, syntax)), note
        return None

    def _send(self, step: _Ready | InstanceOutcome) -> _Ready | InstanceOutcome:
        if isinstance(step, InstanceOutcome):
            return step
        try:
            if self._channel is None:
                return without_answer(step.uid, Broken.UNREACHABLE, _LOST)
            self._channel.send(step.message)
        except AssociationLost as lost:
            return self._lost(step, lost)
        finally:
            step.content.close()
        return step

    def _answer(self, step: _Ready | InstanceOutcome) -> InstanceOutcome:
        if isinstance(step, InstanceOutcome):
            return step
        assert self._channel is not None
        try:
            status = self._channel.status(step.message)
        except AssociationLost as lost:
            return self._lost(step, lost)
        return of_status(step.uid, status, step.note)

    def _lost(self, step: _Ready, lost: AssociationLost) -> InstanceOutcome:
        self._channel = None
        detail = f"{lost.why}; it may or may not have the instance"
        return without_answer(step.uid, Broken.ABORTED, detail)


def local_problem(error: Exception) -> str:
    """What is wrong with a file of ours, without its name."""
    if isinstance(error, OSError):
        return f"the file cannot be read here ({error.strerror or type(error).__name__})"
    return getattr(error, "problem", "") or str(error)
