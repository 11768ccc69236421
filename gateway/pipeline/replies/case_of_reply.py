"""Which case an object of a reading site belongs to: pure, and never a guess.

An object fits a case when it lies in that case's pseudonymous study, comes from a node that may answer for it (the one
it was forwarded to, or one that its rule names as `replies_from`), names no other patient, and is of a kind whose
identity can be put back with certainty. That it refers only to what was sent of this patient, or was sent back itself,
is proven next (gateway.privacy.reidentify.references).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.uid import UID

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.errors import UnknownNode
from dicom_nodes.node import Role
from gateway.records.tables.cases import Case, Reply

DOCUMENTS = {
    "1.2.840.10008.5.1.4.1.1.88.11": "Basic Text SR",
    "1.2.840.10008.5.1.4.1.1.88.22": "Enhanced SR",
    "1.2.840.10008.5.1.4.1.1.88.33": "Comprehensive SR",
    "1.2.840.10008.5.1.4.1.1.88.34": "Comprehensive 3D SR",
    "1.2.840.10008.5.1.4.1.1.88.35": "Extensible SR",
    "1.2.840.10008.5.1.4.1.1.104.1": "Encapsulated PDF",
}
"""What can stand for a report."""
ACCEPTED = {
    **DOCUMENTS,
    "1.2.840.10008.5.1.4.1.1.88.59": "Key Object Selection",
    "1.2.840.10008.5.1.4.1.1.11.1": "Grayscale Softcopy Presentation State",
    "1.2.840.10008.5.1.4.1.1.11.2": "Color Softcopy Presentation State",
    "1.2.840.10008.5.1.4.1.1.66.4": "Segmentation",
    "1.2.840.10008.5.1.4.1.1.66.1": "Spatial Registration",
    "1.2.840.10008.5.1.4.1.1.30": "Parametric Map",
    "1.2.840.10008.5.1.4.1.1.4": "MR Image",
    "1.2.840.10008.5.1.4.1.1.4.1": "Enhanced MR Image",
    "1.2.840.10008.5.1.4.1.1.4.3": "Enhanced MR Color Image",
    "1.2.840.10008.5.1.4.1.1.4.4": "Legacy Converted Enhanced MR Image",
    "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture Image",
    "1.2.840.10008.5.1.4.1.1.7.2": "Multi-frame Grayscale Byte Secondary Capture Image",
    "1.2.840.10008.5.1.4.1.1.7.4": "Multi-frame True Color Secondary Capture Image",
}
"""Storage SOP classes that go back: their identity is all in attributes that are put back."""

TALK_TO_THE_SITE = (
    "Ask the reading site what it is; let it send its result in the study it was sent; discard this one."
)


@dataclass(frozen=True)
class NoCase:
    """Why an object belongs to no case, and what a person can do."""

    problem: str
    fix: str


@dataclass(frozen=True)
class Candidate:
    """A case that shares the object's Study Instance UID, and who may answer for it."""

    case: Case
    was_forwarded: bool
    """Whether its destination took any of its copies, be they withdrawn since; a case of the own queue has none."""
    replies_from: tuple[str, ...]
    """The further nodes that its rule names, as the rule is now."""

    def was_sent_to(self, node: str) -> bool:
        """Whether this node is the one that was sent the case."""
        return self.was_forwarded and node == self.case.destination

    def may_answer(self, node: str) -> bool:
        """Whether an object from this node may belong to the case."""
        return node in self.replies_from or self.was_sent_to(node)


def fitting_case(
    reply: Reply, patient_id: str, candidates: Sequence[Candidate], directory: NodeDirectory
) -> Case | NoCase:
    """The one case the object belongs to, or why there is none. `candidates` share its Study Instance UID."""
    if reply.sop_class_uid not in ACCEPTED:
        name = UID(reply.sop_class_uid).name
        return NoCase(
            f"Objects of SOP class {name} are not passed on: their identity cannot be put back with certainty.",
            "Let the reading site send its result as SR, presentation state, segmentation or PDF; discard this one.",
        )
    if not candidates:
        return NoCase("It names a study that was not sent out by this gateway.", TALK_TO_THE_SITE)
    try:
        node = directory.get(reply.node) if reply.node else None
    except UnknownNode as error:
        return NoCase(error.problem, error.fix)
    if node is None or Role.READER not in node.roles:
        return NoCase(
            f"It is in a de-identified study, but {reply.node or 'an account'} is no reading site.",
            "If it is one, give its node the role reader in nodes.yaml and try again; otherwise discard this one.",
        )
    asked = [each for each in candidates if each.may_answer(node.name)]
    if not asked:
        return _not_asked(node.name, candidates)
    same_patient = [each for each in asked if patient_id in ("", each.case.pseudonym)]
    if not same_patient:
        return NoCase(
            "Its Patient ID is not the pseudonym of the study it names.",
            "Let the reading site keep the Patient ID it was sent and send it again; discard this one.",
        )
    if len(same_patient) == 1:
        return same_patient[0].case
    fits = f"It fits more than one case ({', '.join(str(each.case.id) for each in same_patient)})"
    if len({each.case.pseudonym for each in same_patient}) > 1:
        return NoCase(
            f"{fits}, of different patients.",
            "Let the reading site send it with the Patient ID it was sent; discard this one.",
        )
    # Of cases of one patient, a node that was sent one of them means that one, whatever else it may answer for.
    sent_to = [each.case for each in same_patient if each.was_sent_to(node.name)]
    return sent_to[0] if len(sent_to) == 1 else _of_one_patient(fits, node.name, same_patient)


def _of_one_patient(fits: str, node: str, cases: Sequence[Candidate]) -> NoCase:
    """Nothing in the object tells the cases apart; who may answer for which can be said in the rules."""
    rules = sorted({each.case.rule_id for each in cases})
    if len(rules) > 1:
        fix = f"Name {node} in replies_from of only one of the rules {', '.join(rules)}, and try again."
    else:
        fix = (
            "Let the reader that was sent one of them send it, and discard this one. For studies to come, write a rule "
            f"for each destination in place of {rules[0]}."
        )
    return NoCase(f"{fits} of one patient.", fix)


def _not_asked(node: str, candidates: Sequence[Candidate]) -> NoCase:
    """Nobody asked this node: it may be the wrong one, or one that a rule should name."""
    rules = ", ".join(sorted({each.case.rule_id for each in candidates}))
    own_queue = all(each.case.destination == "" for each in candidates)
    return NoCase(
        f"Its study is read from the gateway's own queue, and the rule does not name {node} in replies_from."
        if own_queue
        else f"Its study was not sent to {node}.",
        f"If {node} may answer for it, add it to replies_from of rule {rules} and try again; "
        "otherwise discard this one, and ask that site how it came by the study.",
    )


def is_report(ds: Dataset) -> bool:
    """Whether the object can stand for the report: a PDF, or an SR document that its author calls complete."""
    if str(ds.SOPClassUID) not in DOCUMENTS:
        return False
    return "CompletionFlag" not in ds or ds.CompletionFlag == "COMPLETE"
