"""Do two versions of an object say the same? Compared as values, behind the answer to the sender.

The bytes were found to differ by the intake; only here are both read and, where they are encoded differently, decoded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from dicom_nodes.data_sets import data_set_of
from dicom_nodes.errors import UnknownNode
from dicom_nodes.node import Role
from gateway.errors import GatewayError
from gateway.identity.content import DifferenceKind, NotOneObject, Same, compare
from gateway.identity.pixels import decoded
from gateway.lifecycle import ConflictState, Standing
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.step_result import Done, NotYet, StepResult
from gateway.pipeline.steps.originals import NOT_DICOM
from gateway.records.blobs import BlobStore
from gateway.records.step_record import NewStanding, StepRecord
from gateway.records.tables.conflicts import Conflict
from gateway.records.tables.studies import Instance
from gateway.records.views import conflict_rows

TAKEN: Final = (
    "[study] corrections = take: the site's archive sent the whole study again, "
    "and only patient and study differ"
)
UNREADABLE: Final = "one version cannot be read"
GRAVEST_FIRST: Final = (UNREADABLE, *map(str, DifferenceKind))
MOST_DIFFERENCES: Final = 200
"""Attributes that are remembered by name; what differs in more is another object altogether."""


@dataclass(frozen=True)
class Compared:
    """One version against the one in force: the kind of difference, "" for none, and (path, concern) of attributes."""

    instance_id: int
    kind: str
    attributes: tuple[tuple[str, str], ...] = ()


def compare_versions(turn: Turn, context: StepContext) -> StepResult:
    """RECEIVED -> SAME when all say the same, else CONTESTED: a lead is asked."""
    with context.database.read() as session:
        conflict = conflict_rows.conflict(session, turn.claim.id)
        takes = _may_take(context, conflict) and not conflict_rows.is_signed(session, conflict.study_id)
        pairs = conflict_rows.to_compare(session, turn.claim.id)
        missing = conflict_rows.not_sent_again(session, turn.claim.id)
    silent_for, wanted = turn.now - conflict.last_at, timedelta(seconds=context.settings.study.settle)
    if takes and missing and silent_for < wanted:  # the rest may be on its way
        return NotYet("the study is being sent again", wanted - silent_for)
    found = [_compared(context.blobs, version, stands) for version, stands in pairs]
    columns = findings(conflict, [one for one in found if one.kind])
    facts = tuple(
        NewStanding(one.instance_id, Standing.CONTESTED if one.kind else Standing.SAME) for one in found
    )
    reached = ConflictState.CONTESTED if columns["objects"] else ConflictState.SAME
    only_identity = set(columns["kinds"]) == {DifferenceKind.IDENTITY_CORRECTED}
    why = TAKEN if takes and not missing and only_identity else ""
    return Done(reached, StepRecord(columns=columns, compared=facts, taken_because=why))


def _may_take(context: StepContext, conflict: Conflict) -> bool:
    """Whether the settings let a correction stand by itself, and all of it came from archives of the site."""
    if context.settings.study.corrections != "take":
        return False
    directory = context.directory()
    try:
        nodes = [directory.get(name) for name in conflict.senders]
    except UnknownNode:
        return False
    return all(Role.ARCHIVE in node.roles and node.site == conflict.site for node in nodes)


def findings(conflict: Conflict, differing: Sequence[Compared]) -> dict[str, Any]:
    """The columns of a conflict after these versions were found to differ, besides those that were before."""
    kinds = Counter(conflict.kinds) + Counter(one.kind for one in differing)
    paths = Counter({(row["path"], row["concern"]): int(row["objects"]) for row in conflict.differences})
    paths.update(attribute for one in differing for attribute in one.attributes)
    return {
        "kind": gravest(kinds),
        "kinds": dict(kinds),
        "objects": conflict.objects + len(differing),
        "differences": [
            {"path": path, "concern": concern, "objects": objects}
            for (path, concern), objects in sorted(paths.items())[:MOST_DIFFERENCES]
        ],
    }


def gravest(kinds: Mapping[str, int] | Iterable[str]) -> str:
    """The kind to name first; "" of none."""
    return min(kinds, key=GRAVEST_FIRST.index, default="")


def _compared(blobs: BlobStore, version: Instance, stands: Instance | None) -> Compared:
    if stands is None:
        return Compared(version.saved_id, UNREADABLE)
    try:
        one, other = (data_set_of(blobs.path(instance.blob)) for instance in (stands, version))
        difference = compare(one, other, decoded)
    except (*NOT_DICOM, NotOneObject, GatewayError):
        return Compared(version.saved_id, UNREADABLE)
    if isinstance(difference, Same):
        return Compared(version.saved_id, "")
    attributes = tuple(sorted({(one.path, str(one.concern)) for one in difference.attributes}))
    return Compared(version.saved_id, str(difference.kind), attributes)
