"""Being asked for storage commitment: a request is Success once it is remembered; each no is answered and told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from dicom_nodes.commitment import CommitmentRequest, InstanceReference, action_information
from dicom_nodes.scp.commitment_provider import Refused
from dicom_nodes.scp.refusals import (
    NO_SUCH_ACTION,
    NOT_AN_ASKING_TITLE,
    UNREADABLE_REQUEST,
    RefusedCaller,
)
from dicom_nodes.upper_layer.pynetdicom_setup import associate, close
from support.nodes.peers import Kept, node, receiver, wait_until

TRANSACTION = "2.25.9001"
TWO = (InstanceReference(MRImageStorage, "2.25.1"), InstanceReference(MRImageStorage, "2.25.2"))


@dataclass
class Asked:
    """A receiver that is asked, and what came of it."""

    port: int = 0
    requests: list[CommitmentRequest] = field(default_factory=list)
    refused: list[RefusedCaller] = field(default_factory=list)
    answer: Callable[[CommitmentRequest], Refused | None] = lambda _request: None

    def take(self, request: CommitmentRequest) -> Refused | None:
        self.requests.append(request)
        return self.answer(request)

    def ask(self, information: Dataset, action: int = 1, title: str = "ASKER") -> int:
        """N-ACTION; the status of its answer."""
        association = associate(
            node("gateway", "GATEWAY", self.port),
            [build_context(StorageCommitmentPushModel)],
            calling_ae_title=title,
            timeout_s=5,
        )
        what = StorageCommitmentPushModel, StorageCommitmentPushModelInstance
        try:
            status, _ = association.send_n_action(information, action, *what)
        finally:
            close(association)
        return int(status.Status)


@pytest.fixture
def asked() -> Iterator[Asked]:
    """A receiver that knows one node, with a title of its own for its reports."""
    with _asked() as found:
        yield found


@contextmanager
def _asked() -> Iterator[Asked]:
    found = Asked()
    asker = node("asker", "ASKER", 4242, commitment_results_from=("ASKER_SC",))
    with receiver(Kept(), asker, on_request=found.take, refused=found.refused.append) as us:
        found.port = us.port
        yield found


def test_a_request_is_success_once_it_is_remembered(asked: Asked) -> None:
    """Who asked, under which title, in which transaction, about what; and nothing is left behind in memory."""
    before = threading.active_count()
    for _ in range(3):
        assert asked.ask(action_information(TRANSACTION, TWO)) == 0x0000
    assert asked.requests == [CommitmentRequest(TRANSACTION, "asker", "ASKER", TWO)] * 3
    assert asked.refused == []
    assert not [thread for thread in threading.enumerate() if "commitment" in thread.name]
    wait_until(lambda: threading.active_count() <= before + 2)  # of associations that are just ending


UNANSWERABLE: Mapping[str, tuple[str, tuple[InstanceReference, ...]]] = {
    "no transaction": ("", TWO),
    "no references": (TRANSACTION, ()),
    "transaction is no UID": ("2.25.1 or so", TWO),
    "instance is no UID": (TRANSACTION, (*TWO, InstanceReference(MRImageStorage, "1..2"))),
    "no class": (TRANSACTION, (InstanceReference("", "2.25.1"),)),
}


@pytest.mark.parametrize("what", UNANSWERABLE)
@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_a_request_that_cannot_be_answered_is_refused(asked: Asked, what: str) -> None:
    """'Invalid argument value', not silence, and nobody is asked to remember it."""
    assert asked.ask(action_information(*UNANSWERABLE[what])) == 0x0115
    assert asked.requests == []
    assert [(one.node, one.why, one.fix) for one in asked.refused] == [("asker", *UNREADABLE_REQUEST)]


def test_another_action_is_refused(asked: Asked) -> None:
    """The service has one (PS3.4 J.3.2): whatever else is asked for is no such action."""
    assert asked.ask(action_information(TRANSACTION, TWO), action=2) == 0x0123
    assert asked.requests == []
    assert [(one.why, one.fix) for one in asked.refused] == [NO_SUCH_ACTION]


def test_a_title_that_only_reports_may_not_ask(asked: Asked) -> None:
    """Not authorised: what a node sent it is told under the titles that it sends with."""
    assert asked.ask(action_information(TRANSACTION, TWO), title="ASKER_SC") == 0x0124
    assert asked.requests == []
    assert [(one.calling_ae_title, one.why, one.fix) for one in asked.refused] == [
        ("ASKER_SC", *NOT_AN_ASKING_TITLE)
    ]


def test_a_refusal_of_the_records_is_the_answer_and_told(asked: Asked) -> None:
    """With its status, reason and fix, counted for the node."""
    asked.answer = lambda _request: (0x0213, "Too many.", "Take them.")
    assert asked.ask(action_information(TRANSACTION, TWO)) == 0x0213
    assert [(one.node, one.why, one.fix) for one in asked.refused] == [("asker", "Too many.", "Take them.")]


def test_a_request_that_cannot_be_remembered_is_a_processing_failure(asked: Asked) -> None:
    """Never Success without its row: the asker asks again."""

    def broken(_request: CommitmentRequest) -> None:
        raise OSError("database is gone")

    asked.answer = broken
    assert asked.ask(action_information(TRANSACTION, TWO)) == 0x0110
