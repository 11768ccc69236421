"""Who is at the other end, for as long as the association lasts, and what is told of those turned away."""

from __future__ import annotations

import gc

import pytest
from pynetdicom import AE
from pynetdicom.association import Association

from dicom_nodes.scp.callers import Callers
from dicom_nodes.scp.refusals import RefusedCaller
from support.nodes.peers import HERE, node

NODE = node("modality", "MODALITY", 4242)


def association() -> Association:
    """One that nobody has opened yet, from this address."""
    made = Association(AE("GATEWAY"), "acceptor")
    made.requestor.address_info = None
    return made


def test_what_is_turned_away_is_told_with_the_caller_and_never_hurts_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """By node, titles and address; that it cannot be recorded is logged, and no more."""
    heard: list[RefusedCaller] = []

    def fails(refusal: RefusedCaller) -> None:
        heard.append(refusal)
        raise OSError("database is gone")

    callers, caller = Callers(fails), association()
    callers.admit(caller, NODE, "MODALITY", "GATEWAY", HERE)
    callers.turned_away(caller, "It is late.", "Come tomorrow.")
    assert heard == [RefusedCaller("MODALITY", "GATEWAY", HERE, "It is late.", "Come tomorrow.", "modality")]
    assert "the refusal could not be recorded" in caplog.text
    assert callers[caller].node == NODE


def test_a_caller_is_forgotten_with_its_association() -> None:
    """A receiver that runs for months remembers who is there now."""
    callers, caller = Callers(None), association()
    callers.admit(caller, NODE, "MODALITY", "GATEWAY", HERE)
    assert len(callers) == 1
    del caller
    gc.collect()
    assert len(callers) == 0
