"""C-STORE over our own data path: the bytes are right in any layout, and every oddity of a peer ends in an outcome."""

from __future__ import annotations

import os
import re
import threading
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid
from pynetdicom.presentation import build_context

from dicom_nodes.outcomes import InstanceOutcome, Outcome
from dicom_nodes.outgoing import EncodedContent, OutgoingFile, StoredContent
from dicom_nodes.scu.store_channel import StoreChannel
from dicom_nodes.sender import store
from dicom_nodes.upper_layer.pynetdicom_setup import associate, take_socket
from support.nodes.odd_peer import (
    RELEASE_RP,
    RELEASE_RQ,
    Conversation,
    OddPeer,
    Script,
    abort,
    p_data,
    response,
)
from support.nodes.peers import PretendPacs, storescp, wait_until
from support.objects.dicom_files import dataset_bytes, mr_file


def _sent(peer: OddPeer, files: list[OutgoingFile], timeout_s: float = 2.0) -> list[InstanceOutcome]:
    return store(peer.node, files, calling_ae_title="GATEWAY", timeout_s=timeout_s)


def _one(script: Script, folder: Path, timeout_s: float = 2.0, rows: int = 16) -> InstanceOutcome:
    """The outcome of one file sent to a peer that follows the script."""
    with OddPeer(script) as peer:
        [outcome] = _sent(peer, [mr_file(folder, rows=rows)], timeout_s)
    return outcome


def test_any_layout_arrives_whole_at_a_real_peer(tmp_path: Path) -> None:
    """pynetdicom stores the same bytes whatever maximum length and data set length they were cut by."""
    with PretendPacs() as pacs:

        @settings(max_examples=25)
        @given(
            contents=st.lists(st.binary(max_size=2000), min_size=1, max_size=4),
            maximum=st.one_of(st.just(0), st.integers(8, 300), st.integers(301, 65536)),
        )
        def arrives(contents: list[bytes], maximum: int) -> None:
            context = build_context(uid.MRImageStorage, uid.ExplicitVRLittleEndian)
            association = associate(pacs.node, [context], calling_ae_title="GATEWAY", timeout_s=5)
            sock = take_socket(association)
            assert sock is not None
            channel = StoreChannel(sock, maximum, 5)
            for number, content in enumerate(contents):
                message = channel.prepare(1, uid.MRImageStorage, f"2.25.{number}", EncodedContent(content))
                channel.send(message)
                assert channel.status(message) == 0
                assert pacs.stored[f"2.25.{number}"] == content
            channel.release()

        arrives()


@pytest.mark.parametrize("maximum", [0, 64, 4096, 0xFFFFFFFF])
def test_a_peer_decides_how_long_a_pdu_is(tmp_path: Path, maximum: int) -> None:
    """Tiny, unlimited and absurd maximum lengths are kept to, and the files arrive."""
    files = [mr_file(tmp_path, number, rows=300) for number in range(2)]
    with OddPeer(Conversation.serve, maximum=maximum) as peer:
        outcomes = _sent(peer, files, 10)
    assert {o.outcome for o in outcomes} == {Outcome.ACCEPTED}
    [conversation] = peer.conversations
    longest = max(len(pdu) - 6 for pdu in conversation.received)
    assert longest <= (maximum or 0xFFFFFFFF)
    assert longest <= 131072 + 6
    assert conversation.received[-1] == RELEASE_RQ


@pytest.mark.dcmtk
@pytest.mark.parametrize("options", [("-pdu", "4096"), ("-pdu", "131072"), ()])
def test_large_files_arrive_at_storescp(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Several buffers full: DCMTK writes the same data set, whatever its maximum length."""
    out = tmp_path / "out"
    out.mkdir()
    file = mr_file(tmp_path, rows=1500)
    with storescp(out, *options) as peer:
        [outcome] = store(peer, [file], calling_ae_title="GATEWAY")
        assert outcome.outcome is Outcome.ACCEPTED
        [written] = out.iterdir()
    assert dataset_bytes(written.read_bytes()) == dataset_bytes(file.path.read_bytes())


def test_memory_is_bounded_whatever_the_file(tmp_path: Path) -> None:
    """60 MB go out with less than 4 MB of ours in memory."""
    file = mr_file(tmp_path, rows=5500)
    size = file.path.stat().st_size
    assert size > 60_000_000

    def swallow(conversation: Conversation) -> None:
        control, scratch = 0, bytearray(65536)
        while control != 2:
            head = conversation.exactly(12)
            control, left = head[11], int.from_bytes(head[2:6], "big") - 6
            while left:
                left -= conversation.sock.recv_into(scratch, min(left, len(scratch)))
        conversation.answer(1, 1)
        conversation.serve()

    with OddPeer(swallow) as peer:
        tracemalloc.start()
        [outcome] = _sent(peer, [file], 20)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert outcome.outcome is Outcome.ACCEPTED
    assert peak < 4_000_000


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """After sends that went well and sends that did not, there is no thread and no open file more than before."""
    files = [mr_file(tmp_path, number) for number in range(3)]
    before = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for script in (Conversation.serve, lambda c: c.sock.sendall(abort(0, 0)), lambda c: c.pdu() and None):
        with OddPeer(script) as peer:
            _sent(peer, files, 1)
    wait_until(lambda: (threading.active_count(), len(os.listdir("/proc/self/fd"))) == before)


def _pieces(conversation: Conversation) -> None:
    """Byte by byte, the command in two fragments, each in its own PDU."""
    context, number, _ = conversation.request()
    command = response(number, 0xB007)
    for byte in p_data(context, 1, command[:9]) + p_data(context, 3, command[9:]):
        conversation.sock.sendall(bytes((byte,)))
    conversation.serve()


def _two_pdvs(conversation: Conversation) -> None:
    context, number, _ = conversation.request()
    command = response(number, 0xB007)
    both = p_data(context, 1, command[:20])[6:] + p_data(context, 3, command[20:])[6:]
    conversation.sock.sendall(b"\x04\0" + len(both).to_bytes(4, "big") + both)
    conversation.serve()


def _with_dataset(conversation: Conversation) -> None:
    context, number, _ = conversation.request()
    conversation.sock.sendall(p_data(context, 3, response(number, 0xB007, dataset=True)))
    conversation.sock.sendall(p_data(context, 0, b"ab") + p_data(context, 2, b"cd"))
    conversation.serve()


def _another_first(conversation: Conversation) -> None:
    context, number, _ = conversation.request()
    conversation.answer(context, number + 1, 0xC000)
    conversation.answer(context, number, 0xB007)
    conversation.serve()


def _another_in_the_same_pdu(conversation: Conversation) -> None:
    context, number, _ = conversation.request()
    both = p_data(context, 3, response(number + 9, 0))[6:] + p_data(context, 3, response(number, 0xB007))[6:]
    conversation.sock.sendall(b"\x04\0" + len(both).to_bytes(4, "big") + both)
    conversation.serve()


@pytest.mark.parametrize(
    "script", [_pieces, _two_pdvs, _with_dataset, _another_first, _another_in_the_same_pdu]
)
def test_a_response_in_any_shape_is_understood(tmp_path: Path, script: Script) -> None:
    """Fragments, several PDVs, an unwanted data set, an answer to another message: the right one decides."""
    with OddPeer(script) as peer:
        outcomes = _sent(peer, [mr_file(tmp_path, number) for number in range(3)])
    assert [o.status for o in outcomes] == [0xB007, 0, 0]


def test_pending_is_no_answer_to_a_store(tmp_path: Path) -> None:
    """Status FF00 leaves the instance to be tried again, and the association goes on."""

    def pending(conversation: Conversation) -> None:
        context, number, _ = conversation.request()
        conversation.answer(context, number, 0xFF00)
        conversation.answer(context, number, 0x0000)
        conversation.serve()

    with OddPeer(pending) as peer:
        first, second = _sent(peer, [mr_file(tmp_path, number) for number in range(2)])
    assert (first.outcome, second.outcome) == (Outcome.TRY_AGAIN, Outcome.ACCEPTED)


def _abort_after_the_command(conversation: Conversation) -> None:
    conversation.pdu()
    conversation.sock.sendall(abort(2, 6))


def _abort_and_read_no_more(conversation: Conversation) -> None:
    conversation.pdu()
    conversation.sock.sendall(abort(0, 0))
    time.sleep(1)


def _only_for_another(conversation: Conversation) -> None:
    context, number, _ = conversation.request()
    conversation.answer(context, number + 1)
    conversation.pdu()


def _release_instead(conversation: Conversation) -> None:
    conversation.request()
    conversation.sock.sendall(RELEASE_RQ)
    assert conversation.pdu() == RELEASE_RP


def _no_status(conversation: Conversation) -> None:
    context, number, _ = conversation.request()
    conversation.answer(context, number, None)
    assert conversation.pdu() == abort(2, 6)


def _says(what: bytes, reason: int) -> Script:
    def script(conversation: Conversation) -> None:
        conversation.request()
        conversation.sock.sendall(what)
        assert conversation.pdu() == abort(2, reason)

    return script


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (_abort_after_the_command, r"DICOM layer aborted the association \(invalid PDU parameter value\)"),
        (_abort_and_read_no_more, "the peer aborted the association"),
        (lambda c: c.pdu() and None, "closed the connection"),
        (lambda c: c.request() and None, "closed the connection"),
        (_only_for_another, "no answer came in time"),
        (_release_instead, "released the association instead of answering"),
        (_no_status, "a response without a status"),
        (_says(b"\x55\0\0\0\0\x02hi", 1), "a PDU of an unknown type"),
        (_says(b"\x02\0\0\0\0\x02hi", 2), "an unexpected PDU"),
        (_says(RELEASE_RP, 2), "an unexpected PDU"),
        (_says(b"\x04\0\xff\xff\xff\xff", 6), "a PDU longer than"),
        (_says(b"\x04\0\0\0\0\x06\0\0\0\x63\x01\x03", 6), "a malformed response"),
        (_says(p_data(1, 3, b"\0\0\0\x09\xff\0\0\0"), 6), "a malformed response"),
    ],
)
def test_a_peer_that_misbehaves_costs_one_association(tmp_path: Path, script: Script, why: str) -> None:
    """The instance and the rest may be tried again, the detail says what the peer did, the peer is told by A-ABORT."""
    failed: list[AssertionError] = []

    def watched(conversation: Conversation) -> None:
        try:
            script(conversation)
        except AssertionError as error:
            failed.append(error)

    start = time.monotonic()
    with OddPeer(watched) as peer:
        first, second = _sent(peer, [mr_file(tmp_path, 1, rows=2000), mr_file(tmp_path, 2)], 1.0)
    assert not failed
    assert {first.outcome, second.outcome} == {Outcome.TRY_AGAIN}
    assert first.status is None
    assert re.search(why, first.detail), first.detail
    assert "was not sent" in second.detail
    assert time.monotonic() - start < 60


def test_a_peer_that_stops_reading_is_given_up(tmp_path: Path) -> None:
    """No byte taken for the length of the timeout: the association is over, long before the whole file's time."""
    given_up = threading.Event()
    start = time.monotonic()
    with OddPeer(lambda _conversation: given_up.wait(20) and None) as peer:
        [outcome] = _sent(peer, [mr_file(tmp_path, rows=4000)], 0.5)
        took = time.monotonic() - start
        given_up.set()
    assert outcome.outcome is Outcome.TRY_AGAIN
    assert "stopped taking data" in outcome.detail
    assert took < 10


@pytest.mark.soak
def test_a_slow_reader_is_waited_for(tmp_path: Path) -> None:
    """A peer that takes its time but goes on taking is no hang, even past the timeout."""

    def slowly(conversation: Conversation) -> None:
        conversation.pause_s = 0.01
        conversation.serve()

    start = time.monotonic()
    assert _one(slowly, tmp_path, 1.5, rows=2600).outcome is Outcome.ACCEPTED
    assert time.monotonic() - start > 1.5


def test_a_release_collision_ends_in_order(tmp_path: Path) -> None:
    """Both sides ask for release at once: we answer theirs and wait for the answer to ours (PS3.8 AR-8, AR-9)."""
    ends: list[bytes] = []

    def collide(conversation: Conversation) -> None:
        context, number, _ = conversation.request()
        conversation.answer(context, number)
        assert conversation.pdu() == RELEASE_RQ
        conversation.sock.sendall(RELEASE_RQ)
        ends.append(conversation.pdu())
        conversation.sock.sendall(RELEASE_RP)
        ends.append(conversation.pdu())

    assert _one(collide, tmp_path).outcome is Outcome.ACCEPTED
    assert ends == [RELEASE_RP, b""]


def test_a_peer_that_never_answers_the_release_is_left(tmp_path: Path) -> None:
    """The outcomes stand, and the wait for A-RELEASE-RP is short."""
    start = time.monotonic()

    def stays(conversation: Conversation) -> None:
        context, number, _ = conversation.request()
        conversation.answer(context, number)
        while conversation.pdu():
            pass

    assert _one(stays, tmp_path, 0.5).outcome is Outcome.ACCEPTED
    assert time.monotonic() - start < 5


def test_a_file_that_shrinks_while_it_is_sent_is_never_completed(tmp_path: Path) -> None:
    """The peer never sees a last fragment of it, so it can never take a part for the whole."""
    file = mr_file(tmp_path, rows=3000)
    seen: list[Conversation] = []

    def shrink(conversation: Conversation) -> None:
        seen.append(conversation)
        conversation.pdu()
        os.truncate(file.path, 600_000)
        while conversation.pdu():
            pass

    with OddPeer(shrink) as peer:
        [outcome] = _sent(peer, [file])
    assert outcome.outcome is Outcome.TRY_AGAIN
    assert "could not be read to its end" in outcome.detail
    assert all(pdu[11] != 2 for pdu in seen[0].received if pdu[0] == 4)


def test_a_file_that_is_not_as_recorded_is_not_sent(tmp_path: Path) -> None:
    """Bytes in another transfer syntax than negotiated would be stored wrongly: refused here, the rest goes on."""
    files = [mr_file(tmp_path, number) for number in range(2)]
    other = mr_file(tmp_path, 3, syntax=uid.ImplicitVRLittleEndian)
    files[0].path.write_bytes(other.path.read_bytes())
    with OddPeer(Conversation.serve) as peer:
        refused, taken = _sent(peer, files)
    assert (refused.outcome, taken.outcome) == (Outcome.REFUSED, Outcome.ACCEPTED)
    assert "transfer syntax" in refused.detail


def test_the_data_set_is_found_behind_any_file_meta(tmp_path: Path) -> None:
    """Private information of 60 kB before the data set, or a wrong group length, changes nothing of what is sent."""
    file = mr_file(tmp_path)
    whole = file.path.read_bytes()
    dataset = dataset_bytes(whole)
    private = b"\x02\x00\x02\x01OB\0\0" + (60_000).to_bytes(4, "little") + b"\0" * 60_000
    meta = bytearray(whole[: len(whole) - len(dataset)] + private)
    meta[140:144] = b"\x05\0\0\0"
    file.path.write_bytes(bytes(meta) + dataset)
    content = StoredContent.of(file)
    buffer = bytearray(content.length)
    content.fill([memoryview(buffer)], 0)
    content.close()
    assert bytes(buffer) == dataset


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_ten_thousand_sends_lose_no_answer(tmp_path: Path) -> None:
    """Every one of 10,000 instances is answered, and none takes as long as a stall would."""
    files = [mr_file(tmp_path, number, rows=2) for number in range(200)]
    slowest, last = 0.0, time.monotonic()

    def watch(_outcome: InstanceOutcome) -> None:
        nonlocal slowest, last
        now = time.monotonic()
        slowest, last = max(slowest, now - last), now

    counted: list[Any] = []
    with OddPeer(Conversation.serve) as peer, PretendPacs() as pacs:
        for where, times in ((peer.node, 40), (pacs.node, 10)):
            last = time.monotonic()
            counted += store(where, files * times, calling_ae_title="GATEWAY", on_outcome=watch)
    assert len(counted) == 10_000
    assert {o.outcome for o in counted} == {Outcome.ACCEPTED}
    assert slowest < 10
    wait_until(lambda: threading.active_count() < 10)
