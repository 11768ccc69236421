"""Presentation contexts: everything is accepted, and only what files need is proposed."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import uid
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification

from dicom_nodes.upper_layer.contexts import (
    MAX_PROPOSED,
    TRANSFER_SYNTAXES,
    UNCOMPRESSED,
    accepted_contexts,
    proposals,
    storage_sop_classes,
)


def test_more_than_128_contexts_are_split_over_associations() -> None:
    """No group proposes more than 128 contexts, and no class is torn over two groups."""
    pairs = list(itertools.product((f"2.25.{n}" for n in range(100)), (uid.JPEG2000, uid.RLELossless)))
    groups = list(proposals(pairs))
    assert [len(group) for group in groups] == [126, 126, 48]
    classes = [{str(context.abstract_syntax) for context in group} for group in groups]
    assert not classes[0] & classes[1] | classes[1] & classes[2]


@pytest.mark.parametrize("commitment", [False, True])
def test_everything_that_can_be_stored_is_accepted_as_it_is(commitment: bool) -> None:
    """Each storage class once, in every transfer syntax; commitment in both roles, where it is served."""
    contexts = {str(context.abstract_syntax): context for context in accepted_contexts(commitment=commitment)}
    assert len(contexts) == len(accepted_contexts(commitment=commitment))
    for sop_class in storage_sop_classes():
        assert tuple(contexts.pop(sop_class).transfer_syntax) == TRANSFER_SYNTAXES
    assert set(contexts) == ({Verification, StorageCommitmentPushModel} if commitment else {Verification})
    if commitment:
        both = contexts[StorageCommitmentPushModel]
        assert (both.scu_role, both.scp_role) == (True, True)


def test_nobody_is_invited_to_lose_something() -> None:
    """Where a sender offers several syntaxes, those that lose nothing are preferred to those that may."""
    lossy = {uid.JPEGLSNearLossless, uid.JPEG2000, uid.HTJ2K, uid.JPEGExtended12Bit, uid.JPEGBaseline8Bit}
    lossy |= {"1.2.840.10008.1.2.4.111", "1.2.840.10008.1.2.4.112", uid.JPEG2000MC}
    lossy |= {
        syntax for syntax in TRANSFER_SYNTAXES if any(f in uid.UID(syntax).name for f in ("MPEG", "HEVC"))
    }
    assert {syntax in lossy for syntax in TRANSFER_SYNTAXES[: -len(lossy)]} == {False}
    assert set(TRANSFER_SYNTAXES[-len(lossy) :]) == lossy
    assert len(set(TRANSFER_SYNTAXES)) == len(TRANSFER_SYNTAXES)
    assert TRANSFER_SYNTAXES[: len(UNCOMPRESSED)] == UNCOMPRESSED


CLASSES = [f"2.25.{number}" for number in range(90)]


@given(st.lists(st.tuples(st.sampled_from(CLASSES), st.sampled_from(TRANSFER_SYNTAXES)), max_size=200))
def test_every_file_can_go_as_it_is_or_uncompressed(files: list[tuple[str, str]]) -> None:
    """One context for each stored syntax alone, and a way out for each class, in its own group and never twice."""
    groups = [
        [(str(c.abstract_syntax), tuple(map(str, c.transfer_syntax))) for c in group]
        for group in proposals(files)
    ]
    assert all(0 < len(group) <= MAX_PROPOSED for group in groups)
    proposed = [context for group in groups for context in group]
    assert len(proposed) == len(set(proposed))
    assert {context for context in proposed if context[1] in {(syntax,) for _, syntax in files}} >= {
        (sop_class, (syntax,)) for sop_class, syntax in files
    }
    for sop_class in {sop_class for sop_class, _ in files}:
        assert sum(any(context[0] == sop_class for context in group) for group in groups) == 1
        offered = {syntax for context in proposed if context[0] == sop_class for syntax in context[1]}
        assert offered == {syntax for each, syntax in files if each == sop_class} | set(UNCOMPRESSED)


def test_nothing_to_send_proposes_nothing() -> None:
    """An association without a context is none."""
    assert list(proposals([])) == []
