"""Sending and asking over associations: one outcome for every file, whatever the peer does."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread, uid
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pynetdicom import evt

from dicom_nodes.errors import NodeUnreachable
from dicom_nodes.outcomes import InstanceOutcome, Outcome
from dicom_nodes.outgoing import OutgoingFile
from dicom_nodes.scu import store_scu
from dicom_nodes.sender import store
from dicom_nodes.upper_layer import contexts
from support.nodes.peers import PretendPacs
from support.objects.dicom_files import dataset_bytes, mr_dataset, mr_file


def test_files_arrive_bit_by_bit_and_outcomes_are_heard_one_by_one(tmp_path: Path) -> None:
    """Every file gets its outcome, reported as it is known, and the bytes are those of the file."""
    files = [mr_file(tmp_path, number) for number in range(1, 6)]
    heard: list[InstanceOutcome] = []
    with PretendPacs() as pacs:
        outcomes = store(pacs.node, files, calling_ae_title="GATEWAY", on_outcome=heard.append)
    assert outcomes == heard
    assert [o.sop_instance_uid for o in outcomes] == [file.sop_instance_uid for file in files]
    assert {o.outcome for o in outcomes} == {Outcome.ACCEPTED}
    for file in files:
        assert pacs.stored[file.sop_instance_uid] == dataset_bytes(file.path.read_bytes())


def test_only_what_the_files_need_is_proposed(tmp_path: Path) -> None:
    """Two classes in three encodings give contexts for these, each with an uncompressed way out."""
    files = [
        mr_file(tmp_path, 1),
        mr_file(tmp_path, 2, syntax=uid.JPEG2000Lossless),
        mr_file(tmp_path, 3, syntax=uid.ImplicitVRLittleEndian, sop_class=uid.EnhancedMRImageStorage),
    ]
    with PretendPacs() as pacs:
        store(pacs.node, files, calling_ae_title="GATEWAY")
    (proposed,) = pacs.proposals
    assert proposed == [
        (uid.MRImageStorage, [uid.ExplicitVRLittleEndian]),
        (uid.MRImageStorage, [uid.JPEG2000Lossless]),
        (uid.MRImageStorage, [uid.ImplicitVRLittleEndian]),
        (uid.EnhancedMRImageStorage, [uid.ImplicitVRLittleEndian]),
        (uid.EnhancedMRImageStorage, [uid.ExplicitVRLittleEndian]),
    ]


@pytest.mark.parametrize("accepted", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
def test_a_compressed_file_is_decompressed_for_a_peer_that_needs_it(tmp_path: Path, accepted: str) -> None:
    """The fallback keeps the SOP Instance UID and every pixel value, and says that it converted."""
    file = mr_file(tmp_path, syntax=uid.RLELossless)
    with PretendPacs(syntaxes=[accepted]) as pacs:
        (outcome,) = store(pacs.node, [file], calling_ae_title="GATEWAY")
    assert outcome.outcome is Outcome.ACCEPTED
    assert f"sent as {uid.UID(accepted).name}" in outcome.detail
    assert pacs.syntax_of[file.sop_instance_uid] == accepted
    implicit = uid.UID(accepted).is_implicit_VR
    sent = read_dataset(DicomBytesIO(pacs.stored[file.sop_instance_uid]), implicit, True)
    assert sent.SOPInstanceUID == file.sop_instance_uid
    assert np.array_equal(np.frombuffer(sent.PixelData, "<u2"), dcmread(file.path).pixel_array.ravel())


def test_an_explicit_file_goes_to_an_implicit_only_peer(tmp_path: Path) -> None:
    """Implicit VR, the one syntax that every peer has, is always offered."""
    file = mr_file(tmp_path)
    with PretendPacs(syntaxes=[uid.ImplicitVRLittleEndian]) as pacs:
        (outcome,) = store(pacs.node, [file], calling_ae_title="GATEWAY")
    assert outcome.outcome is Outcome.ACCEPTED
    assert pacs.syntax_of[file.sop_instance_uid] == uid.ImplicitVRLittleEndian


def test_what_cannot_be_decoded_is_refused_here_and_the_rest_goes_on(tmp_path: Path) -> None:
    """A file in a codec that is broken or missing is one refusal, not the end of the association."""
    broken = mr_file(tmp_path, 1, syntax=uid.JPEG2000Lossless)
    gone = OutgoingFile(tmp_path / "gone.dcm", uid.MRImageStorage, "2.25.9", uid.ExplicitVRLittleEndian)
    good = mr_file(tmp_path, 2)
    with PretendPacs(syntaxes=[uid.ExplicitVRLittleEndian]) as pacs:
        outcomes = store(pacs.node, [broken, gone, good], calling_ae_title="GATEWAY")
    assert [o.outcome for o in outcomes] == [Outcome.REFUSED, Outcome.REFUSED, Outcome.ACCEPTED]
    assert "cannot be converted" in outcomes[0].detail
    assert "cannot be read here" in outcomes[1].detail


def test_a_class_that_the_peer_does_not_take_is_refused_with_0122(tmp_path: Path) -> None:
    """An unsupported SOP class is known from negotiation: nothing of it is sent, the rest is."""
    files = [mr_file(tmp_path, 1, sop_class=uid.EnhancedSRStorage), mr_file(tmp_path, 2)]
    with PretendPacs(sop_classes=[uid.MRImageStorage]) as pacs:
        refused, taken = store(pacs.node, files, calling_ae_title="GATEWAY")
        only = store(pacs.node, files[:1], calling_ae_title="GATEWAY")
    assert (refused.outcome, refused.status) == (Outcome.REFUSED, 0x0122)
    assert "Enhanced SR Storage" in refused.detail
    assert taken.outcome is Outcome.ACCEPTED
    assert [o.status for o in only] == [0x0122]


def test_statuses_become_outcomes_without_ending_the_association(tmp_path: Path) -> None:
    """A700 (try again), B007 (warning) and C000 (refused) are told apart, instance by instance."""
    statuses = iter([0xA700, 0xB007, 0xC000, 0x0000, 0x0111])
    files = [mr_file(tmp_path, number) for number in range(5)]
    with PretendPacs(store_status=lambda _event: next(statuses)) as pacs:
        outcomes = store(pacs.node, files, calling_ae_title="GATEWAY")
    assert [o.outcome for o in outcomes] == [
        Outcome.TRY_AGAIN,
        Outcome.WARNING,
        Outcome.REFUSED,
        Outcome.ACCEPTED,
        Outcome.WARNING,
    ]


def test_an_abort_by_the_peer_leaves_the_rest_to_be_tried_again(tmp_path: Path) -> None:
    """What was answered counts; what was not, may be sent again under the same UIDs."""
    count = itertools.count(1)

    def abort_at_third(event: evt.Event) -> int:
        if next(count) == 3:
            event.assoc.abort()
        return 0x0000

    files = [mr_file(tmp_path, number) for number in range(5)]
    with PretendPacs(store_status=abort_at_third) as pacs:
        outcomes = store(pacs.node, files, calling_ae_title="GATEWAY", timeout_s=5)
    assert [o.outcome for o in outcomes] == [Outcome.ACCEPTED] * 2 + [Outcome.TRY_AGAIN] * 3
    assert outcomes[2].status is None


def test_a_peer_that_never_answers_costs_one_timeout(tmp_path: Path) -> None:
    """A lost answer is 'try again' after the timeout, and the association is not used any more."""
    silent = threading.Event()

    def hang(_event: evt.Event) -> int:
        silent.wait(10)
        return 0x0000

    start = time.monotonic()
    with PretendPacs(store_status=hang) as pacs:
        files = [mr_file(tmp_path, number) for number in range(3)]
        outcomes = store(pacs.node, files, calling_ae_title="GATEWAY", timeout_s=0.5)
        silent.set()
    assert {o.outcome for o in outcomes} == {Outcome.TRY_AGAIN}
    assert time.monotonic() - start < 6


def test_hundreds_of_answers_are_not_lost(tmp_path: Path) -> None:
    """pynetdicom's reactor never takes an answer away: many small sends, no stall."""
    files = [mr_file(tmp_path, number, rows=2) for number in range(250)]
    start = time.monotonic()
    with PretendPacs() as pacs:
        outcomes = store(pacs.node, files * 2, calling_ae_title="GATEWAY", timeout_s=10)
    assert {o.outcome for o in outcomes} == {Outcome.ACCEPTED}
    assert len(outcomes) == 500
    assert time.monotonic() - start < 60


def test_a_second_association_that_fails_loses_no_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the contexts need two associations and the second is refused, its files may be tried again."""
    monkeypatch.setattr(contexts, "MAX_PROPOSED", 2)
    files = [mr_file(tmp_path, 1), mr_file(tmp_path, 2, sop_class=uid.EnhancedMRImageStorage)]
    with PretendPacs() as pacs:
        really_associate = store_scu.associate
        calls: list[int] = []

        def associate_once(*arguments, **named):  # type: ignore[no-untyped-def]
            calls.append(1)
            if len(calls) > 1:
                raise NodeUnreachable("gone", "wait")
            return really_associate(*arguments, **named)

        monkeypatch.setattr(store_scu, "associate", associate_once)
        outcomes = store(pacs.node, files, calling_ae_title="GATEWAY")
    assert [o.outcome for o in outcomes] == [Outcome.ACCEPTED, Outcome.TRY_AGAIN]


def test_dataset_helper_is_deterministic() -> None:
    """The same number gives the same object, so that a failing test can be repeated."""
    assert mr_dataset(3).SOPInstanceUID == mr_dataset(3).SOPInstanceUID
