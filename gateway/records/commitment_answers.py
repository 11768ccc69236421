"""Whether a result of storage commitment answers a request of ours: pure, and an answer counts only from the one asked.

What somebody else says, or says about something else, changes nothing: it is told to those who run the gateway.
Standard: PS3.4 J.3.3.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Asked:
    """A request of ours: the node it was made to, and the SOP Instance UIDs it was about."""

    node: str
    uids: frozenset[str]


@dataclass(frozen=True)
class Unexpected:
    """Why an answer does not count, and what helps; neither names an object."""

    why: str
    fix: str


UNKNOWN_TRANSACTION = Unexpected(
    "It reported storage commitment for a transaction that this gateway did not ask for, or asked for long ago.",
    "Nothing was changed. If it goes on, find out in that system what it reports, and to whom it should.",
)
NOT_ASKED_ABOUT = Unexpected(
    "It reported storage commitment for objects that it was not asked about in that transaction.",
    "Nothing was changed; it will be asked again. Have the storage commitment of that system looked at.",
)
SAYS_NOTHING = Unexpected(
    "It reported storage commitment without a word about any object, or both ways about one.",
    "Nothing was changed; it will be asked again. Have the storage commitment of that system looked at.",
)


def another_was_asked(node: str) -> Unexpected:
    """The answer to a request that was made to that node came from somebody else."""
    return Unexpected(
        f"It reported storage commitment in the place of node {node!r}, which was the one that was asked.",
        f"Nothing was changed. If it reports for {node!r}, add its AE title to commitment_results_from of that node, "
        "and its address to addresses, in nodes.yaml; the next report counts then. Otherwise find out who it is.",
    )


def unexpected(
    asked: Asked | None, reports_for: Collection[str], committed: Collection[str], failed: Collection[str]
) -> Unexpected | None:
    """Why an answer changes nothing; None for one that counts.

    `asked` is the request of its transaction, None when there is none; `reports_for` are the nodes whose results may
    come from where this one came from; the rest are the SOP Instance UIDs that it says are committed to, or are not.
    """
    if asked is None:
        return UNKNOWN_TRANSACTION
    if asked.node not in reports_for:
        return another_was_asked(asked.node)
    if not asked.uids.issuperset({*committed, *failed}):
        return NOT_ASKED_ABOUT
    if not {*committed, *failed} or set(committed) & set(failed):
        return SAYS_NOTHING
    return None
