"""Who is at the other end of each association that was let in, and who hears of everything that is turned away."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from pynetdicom.association import Association

from dicom_nodes.node import DimseNode
from dicom_nodes.scp.refusals import RefusedCaller

log = logging.getLogger("dicom_nodes.scp.callers")


@dataclass(frozen=True)
class Caller:
    """The node that opened an association, and the AE titles and address it used."""

    node: DimseNode
    association_id: str
    calling_ae_title: str
    called_ae_title: str
    address: str
    contexts: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Abstract and transfer syntax of each accepted presentation context, once there is one."""

    def syntaxes_of(self, association: Association, context_id: int) -> tuple[str, str]:
        """Abstract and transfer syntax of an accepted context."""
        if not self.contexts:
            for context in association.accepted_contexts:
                assert context.context_id is not None
                self.contexts[context.context_id] = (
                    str(context.abstract_syntax),
                    str(context.transfer_syntax[0]),
                )
        return self.contexts[context_id]


class Callers:
    """The callers of one receiver, for as long as their associations last; `refused` hears of what is turned away."""

    def __init__(self, refused: Callable[[RefusedCaller], None] | None) -> None:
        self._refused = refused
        self._admitted: WeakKeyDictionary[Association, Caller] = WeakKeyDictionary()

    def __getitem__(self, association: Association) -> Caller:
        """The caller of an association that was let in; KeyError for any other."""
        return self._admitted[association]

    def __len__(self) -> int:
        """How many associations that were let in are still there."""
        return len(self._admitted)

    def admit(
        self, association: Association, node: DimseNode, calling: str, called: str, address: str
    ) -> None:
        """From now on `association` is that of `node`."""
        self._admitted[association] = Caller(node, uuid.uuid4().hex, calling, called, address)

    def turned_away(self, association: Association, why: str, fix: str) -> None:
        """Something that came on `association` is not taken, or it was not let in."""
        caller = self._admitted.get(association)
        if caller is None:
            self.tell(RefusedCaller("", "", str(association.requestor.address), why, fix))
            return
        self.tell(
            RefusedCaller(
                caller.calling_ae_title, caller.called_ae_title, caller.address, why, fix, caller.node.name
            )
        )

    def tell(self, refusal: RefusedCaller) -> None:
        """Log and record one refusal."""
        log.warning("turned away %r from %s: %s", refusal.calling_ae_title, refusal.address, refusal.why)
        self.record(refusal)

    def record(self, refusal: RefusedCaller) -> None:
        """Record a refusal; that it cannot be recorded never hurts the association."""
        if self._refused is not None:
            try:
                self._refused(refusal)
            except Exception:
                log.exception("the refusal could not be recorded")
