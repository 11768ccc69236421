"""Does the trail prove itself? The first thing that does not fit, said so that a person can look at it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from gateway.records.audit import first_chain
from gateway.records.audit.anchors import Anchor
from gateway.records.audit.chain import BEFORE_THE_FIRST, seal_of
from gateway.records.tables.administration import AuditEvent

ANCHORED = "trail anchored"
CUT = "trail cut"
BATCH = 500


@dataclass(frozen=True)
class Proof:
    """What came of it; `problem` is empty where everything fits."""

    sealed: int
    waiting: int
    """Rows that the worker has not sealed yet."""
    anchors: int
    problem: str = ""


def verify(session: Session, keys: Mapping[str, bytes], anchors: Collection[Anchor]) -> Proof:
    """Compare every row with its seal, the seals with the anchors, and rows of before with their digests."""
    waiting = session.exec(
        select(func.count()).select_from(AuditEvent).where(col(AuditEvent.place).is_(None))
    ).one()
    by_place: dict[int, list[Anchor]] = {}
    for anchor in anchors:
        by_place.setdefault(anchor.place, []).append(anchor)
    walk = _Walk(keys, by_place, len(anchors))
    problem = walk.first_misfit(session, anchors) or _of_the_first_chain(session)
    return Proof(walk.place, waiting, len(anchors), problem)


class _Walk:
    """Along the chain, row by row: a trail of years does not fit into memory."""

    def __init__(
        self, keys: Mapping[str, bytes], anchors: Mapping[int, Sequence[Anchor]], written: int
    ) -> None:
        self.keys, self.anchors, self.written = keys, anchors, written
        self.place, self.seal = 0, BEFORE_THE_FIRST

    def first_misfit(self, session: Session, anchors: Collection[Anchor]) -> str:
        for row in _sealed(session):
            if problem := self._misfit(row):
                return problem
            assert row.place is not None
            self.place, self.seal = row.place, row.seal
        for anchor in anchors:
            if anchor.place > self.place:
                return (
                    f"The end is missing: the trail ends at place {self.place}, and the anchor of {anchor.at} "
                    f"was written at place {anchor.place}."
                )
        return ""

    def _misfit(self, row: AuditEvent) -> str:
        """What is wrong with this row; an empty text for nothing."""
        if row.place != self.place + 1:
            return (
                f"A gap: the row of place {self.place + 1} is missing; "
                f"the next is row {row.id} of place {row.place}."
            )
        key = self.keys.get(row.key_id)
        if key is None:
            return (
                f"Row {row.id} (place {row.place}, {row.at:%Y-%m-%d %H:%M}) was sealed with key {row.key_id or '-'}, "
                "which is not in the folder of keys: whether it fits cannot be said."
            )
        if row.seal != seal_of(key, row, self.seal):
            return (
                f"Row {row.id} (place {row.place}, {row.at:%Y-%m-%d %H:%M}) does not fit its seal: it was changed, "
                "put in, or the row before it is another."
            )
        for anchor in self.anchors.get(row.place, ()):
            if anchor.seal != row.seal:
                return (
                    f"Row {row.id} (place {row.place}) has another seal than the anchor of {anchor.at}: the trail was "
                    "sealed anew with its key."
                )
        if row.action == CUT:
            return (
                f"Row {row.id} (place {row.place}, {row.at:%Y-%m-%d %H:%M}) tells that the end of the trail was cut "
                f"off or unsealed: it had been sealed as far as place {row.detail.get('place')}."
            )
        told = row.detail.get("place") if row.action == ANCHORED else None
        if told is not None and told not in self.anchors:
            return (
                f"Row {row.id} tells of an anchor at place {told} that the file does not have: the file was replaced "
                f"or cut ({self.written} anchors are in it), or another machine wrote it."
            )
        return ""


def _sealed(session: Session) -> Iterator[AuditEvent]:
    """The chain from its beginning; a batch at a time, so that a walk that ends early leaves no cursor open."""
    last = 0
    while True:
        after = select(AuditEvent).where(col(AuditEvent.place) > last).order_by(col(AuditEvent.place))
        rows = session.exec(after.limit(BATCH)).all()
        for row in rows:
            assert row.place is not None
            last = row.place
            yield row
        session.expunge_all()
        if len(rows) < BATCH:
            return


def _of_the_first_chain(session: Session) -> str:
    misfit = first_chain.verify(session)
    return "" if misfit is None else f"Row {misfit}, from before there was a key, does not fit its digest."
