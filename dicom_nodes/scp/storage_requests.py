"""A C-STORE request: who may store what, before the first byte of the data set is looked at (PS3.4 Annex B)."""

from __future__ import annotations

from collections.abc import Mapping

from pynetdicom.association import Association

from dicom_nodes.encoding.uids import is_uid
from dicom_nodes.instance import ReceivedInstance
from dicom_nodes.node import STORING
from dicom_nodes.scp.callers import Caller, Callers
from dicom_nodes.scp.incoming import CANNOT_UNDERSTAND, Begin, Discarded, Incoming
from dicom_nodes.scp.refusals import (
    INVALID_INSTANCE,
    NOT_A_STORAGE_CLASS,
    NOT_A_STORER,
    NOT_A_STORING_TITLE,
    WITHOUT_DATA_SET,
    Told,
)
from dicom_nodes.upper_layer.pdus import (
    AFFECTED_CLASS,
    AFFECTED_INSTANCE,
    DATA_SET_TYPE,
    NO_DATA_SET,
    number_of,
    uid_of,
)

_INVALID_INSTANCE = 0x0117
_CLASS_NOT_SUPPORTED = 0x0122
_NOT_AUTHORISED = 0x0124


class StorageRequests:
    """Opens an object for each request of a caller that may store it; tells and discards any other.

    `classes` are the storage SOP classes taken; `open_object` gives what takes the pieces of the data set.
    """

    def __init__(self, callers: Callers, classes: frozenset[str], open_object: Begin) -> None:
        self._callers = callers
        self._classes = classes
        self._open = open_object

    def begin(self, association: Association, context_id: int, command: Mapping[int, bytes]) -> Incoming:
        """What takes the data set of this request."""
        caller = self._callers[association]
        abstract_syntax, transfer_syntax = caller.syntaxes_of(association, context_id)
        if (refused := self._refused(caller, abstract_syntax, command)) is not None:
            status, told = refused
            self._callers.turned_away(association, *told)
            return Discarded(status)
        return self._open(
            ReceivedInstance(
                sop_class_uid=uid_of(command, AFFECTED_CLASS),
                sop_instance_uid=uid_of(command, AFFECTED_INSTANCE),
                transfer_syntax_uid=transfer_syntax,
                dataset=b"",
                calling_ae_title=caller.calling_ae_title,
                called_ae_title=caller.called_ae_title,
                peer_address=caller.address,
                association_id=caller.association_id,
                node=caller.node.name,
                received_by="c-store",
            )
        )

    def _refused(
        self, caller: Caller, abstract_syntax: str, command: Mapping[int, bytes]
    ) -> tuple[int, Told] | None:
        """The status of a no and what is told of it; None when the object is taken."""
        if not STORING & caller.node.roles:
            return _NOT_AUTHORISED, NOT_A_STORER
        if caller.calling_ae_title not in caller.node.calls_as:
            return _NOT_AUTHORISED, NOT_A_STORING_TITLE
        if not is_uid(uid_of(command, AFFECTED_INSTANCE)) or not is_uid(uid_of(command, AFFECTED_CLASS)):
            return _INVALID_INSTANCE, INVALID_INSTANCE
        if abstract_syntax not in self._classes:
            return _CLASS_NOT_SUPPORTED, NOT_A_STORAGE_CLASS
        if number_of(command, DATA_SET_TYPE) == NO_DATA_SET:
            return CANNOT_UNDERSTAND, WITHOUT_DATA_SET
        return None
