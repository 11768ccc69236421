"""Messages of an association, whatever layout their bytes have: what is stored, passed on, answered and aborted."""

from __future__ import annotations

import itertools
import random
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_nodes.scp.exchange import Exchange
from dicom_nodes.scp.incoming import Discarded, Incoming
from dicom_nodes.upper_layer.pdus import BY_PROVIDER, BY_USER, ProtocolError, abort_pdu, store_response
from support.nodes.raw_peer import (
    ECHO,
    RELEASE,
    STORAGE,
    Pdv,
    command_set,
    echo_command,
    element,
    message,
    pdu,
    store_command,
)

LIMIT = 1 << 20


@dataclass
class Box:
    """A place for one object that remembers what happened to it."""

    uid: bytes
    data: bytearray = field(default_factory=bytearray)
    ended: str = ""

    def write(self, piece: memoryview) -> None:
        assert not self.ended
        self.data += piece

    def finish(self) -> int:
        assert not self.ended
        self.ended = "finished"
        return 0

    def abandon(self) -> None:
        self.ended = "abandoned"


class Side:
    """An exchange whose objects go into boxes."""

    def __init__(self, peer_max_pdu: int = 0) -> None:
        self.boxes: list[Box] = []
        self.exchange = Exchange(frozenset((STORAGE, ECHO)), self._begin, LIMIT, peer_max_pdu, lambda _: True)
        self.error: ProtocolError | None = None

    def _begin(self, context_id: int, command: Mapping[int, bytes]) -> Incoming:
        self.boxes.append(Box(command.get(0x1000, b"").strip(b"\0")))
        return self.boxes[-1]

    def take(self, stream: bytes, sizes: list[int] | None = None) -> Side:
        """Feed the stream in pieces of these sizes, through one buffer that is overwritten each time."""
        buffer = bytearray(max(sizes or [len(stream)], default=1) or 1)
        at, turn = 0, 0
        try:
            while at < len(stream):
                size = min(sizes[turn % len(sizes)] if sizes else len(stream), len(stream) - at)
                buffer[:size] = stream[at : at + size]
                self.exchange.receive(memoryview(buffer)[:size])
                at, turn = at + size, turn + 1
        except ProtocolError as error:
            self.error = error
        if self.error is not None or at >= len(stream):
            self.exchange.abandon()
        return self

    @property
    def stored(self) -> list[tuple[bytes, bytes]]:
        return [(box.uid, bytes(box.data)) for box in self.boxes if box.ended == "finished"]


@st.composite
def _layout(draw: st.DrawFn, context_id: int, parts: list[tuple[bool, bytes]]) -> bytes:
    """A message in any legal layout: PDVs of any length, none included, any number of them in a PDU."""
    values: list[Pdv] = []
    for is_command, data in parts:
        cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=6)))
        bounds = [0, *cuts, len(data)]
        pieces = [data[a:b] for a, b in itertools.pairwise(bounds)]
        values += [
            Pdv(context_id, is_command, number == len(pieces) - 1, piece)
            for number, piece in enumerate(pieces)
        ]
    stream = b""
    while values:
        count = draw(st.integers(1, len(values)))
        stream += pdu(*values[:count])
        values = values[count:]
    return stream


@given(data=st.data(), contents=st.lists(st.binary(max_size=400), min_size=1, max_size=4))
def test_every_layout_stores_the_same_bytes(data: st.DataObject, contents: list[bytes]) -> None:
    """However messages are cut into PDVs, PDUs and network pieces, each object is stored as it was, and answered."""
    stream = b""
    for number, content in enumerate(contents):
        command = store_command(f"2.25.{number}", number)
        stream += data.draw(_layout(STORAGE, [(True, command), (False, content)]))
    sizes = data.draw(st.lists(st.integers(1, 500), min_size=1, max_size=5))
    side = Side().take(stream, sizes)
    assert side.error is None
    assert side.stored == [(b"2.25.%d" % number, content) for number, content in enumerate(contents)]
    assert side.exchange.answers.count(b"\x00\x00\x00\x09\x02\x00\x00\x00\x00\x00") == len(contents)
    assert side.exchange.is_idle


@given(data=st.data(), before=st.binary(max_size=50))
def test_other_messages_are_passed_on_whole(data: st.DataObject, before: bytes) -> None:
    """A C-ECHO between two objects reaches pynetdicom as one PDU, in any layout, and the objects do not."""
    stream = message(STORAGE, store_command("2.25.1"), before)
    stream += data.draw(_layout(ECHO, [(True, echo_command(7))]))
    stream += message(STORAGE, store_command("2.25.2"), b"after")
    side = Side().take(stream, data.draw(st.lists(st.integers(1, 300), min_size=1)))
    assert [content for _, content in side.stored] == [before, b"after"]
    assert bytes(side.exchange.passed) == pdu(Pdv(ECHO, True, True, echo_command(7)))


def test_a_data_set_that_is_no_object_is_passed_on_in_pieces() -> None:
    """What comes with another message goes to pynetdicom with its last bit on the last piece only."""
    find = command_set(
        ((0x0002, b"1.2"), (0x0100, b"\x20\x00"), (0x0110, b"\x01\x00"), (0x0800, b"\x00\x00"))
    )
    side = Side().take(message(ECHO, find, b"x" * 40, step=16))
    passed = bytes(side.exchange.passed)
    assert passed == message(ECHO, find, b"x" * 40, step=16)


def _bad_length(value: int) -> bytes:
    return struct.pack(">BxL", 4, 10) + struct.pack(">LBB", value, STORAGE, 3) + b"abcd"


STORE = store_command("2.25.1")
BEGUN = pdu(Pdv(STORAGE, True, True, STORE), Pdv(STORAGE, False, False, b"half"))
VIOLATIONS = {
    "unknown type": (b"\x08\x00\x00\x00\x00\x04abcd", BY_PROVIDER, 1),
    "type zero": (b"\x00\x00\x00\x00\x00\x04abcd", BY_PROVIDER, 1),
    "second request": (b"\x01\x00\x00\x00\x00\x44" + bytes(68), BY_PROVIDER, 2),
    "accept": (b"\x02\x00\x00\x00\x00\x44" + bytes(68), BY_PROVIDER, 2),
    "reject": (b"\x03\x00\x00\x00\x00\x04" + bytes(4), BY_PROVIDER, 2),
    "release response": (b"\x06\x00\x00\x00\x00\x04" + bytes(4), BY_PROVIDER, 2),
    "empty P-DATA": (struct.pack(">BxL", 4, 0), BY_PROVIDER, 6),
    "P-DATA of 4 gigabytes": (b"\x04\x00\xff\xff\xff\xff", BY_PROVIDER, 6),
    "abort of 4 gigabytes": (b"\x07\x00\xff\xff\xff\xff", BY_PROVIDER, 6),
    "value longer than its PDU": (_bad_length(7), BY_PROVIDER, 6),
    "value of no length": (_bad_length(0), BY_PROVIDER, 6),
    "value without control header": (_bad_length(1), BY_PROVIDER, 6),
    "crumbs after a value": (_bad_length(3), BY_PROVIDER, 6),
    "context not accepted": (pdu(Pdv(5, True, True, STORE)), BY_PROVIDER, 6),
    "even context": (pdu(Pdv(0, True, True, STORE)), BY_PROVIDER, 6),
    "data before command": (pdu(Pdv(STORAGE, False, True, b"data")), BY_USER, 0),
    "data inside a command": (
        pdu(Pdv(STORAGE, True, False, STORE[:9]), Pdv(STORAGE, False, True, b"x")),
        BY_USER,
        0,
    ),
    "command inside data": (BEGUN + pdu(Pdv(STORAGE, True, True, STORE)), BY_USER, 0),
    "context changes": (BEGUN + pdu(Pdv(ECHO, False, True, b"other half")), BY_USER, 0),
    "command cut off": (pdu(Pdv(STORAGE, True, True, STORE[:-3])), BY_USER, 0),
    "command of another group": (pdu(Pdv(STORAGE, True, True, b"\x08\x00" + STORE[2:])), BY_USER, 0),
    "empty command": (pdu(Pdv(STORAGE, True, True, b"")), BY_USER, 0),
    "command without a field": (pdu(Pdv(STORAGE, True, True, element(0x0800, b"\x01\x01"))), BY_USER, 0),
    "store without a message id": (
        pdu(Pdv(STORAGE, True, True, command_set(((0x0100, b"\x01\x00"), (0x0800, b"\x00\x00"))))),
        BY_USER,
        0,
    ),
    "command without end": (pdu(Pdv(STORAGE, True, False, bytes(60_000))) * 2, BY_USER, 0),
    "query of megabytes": (
        pdu(Pdv(ECHO, True, True, command_set(((0x0100, b"\x20\x00"), (0x0800, b"\x00\x00")))))
        + pdu(Pdv(ECHO, False, False, bytes(1_000_000))) * 5,
        BY_USER,
        0,
    ),
}


@pytest.mark.parametrize(("stream", "source", "reason"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_a_violation_has_its_source_and_reason(stream: bytes, source: int, reason: int) -> None:
    """PS3.8 Table 9-26 tells a broken PDU from a wrong order of messages; an open object is abandoned."""
    whole = message(STORAGE, store_command("2.25.99"), b"whole")
    side = Side().take(whole + stream, [11])
    assert side.error is not None
    assert (side.error.source, side.error.reason) == (source, reason)
    assert abort_pdu(source, reason) == bytes((7, 0, 0, 0, 0, 4, 0, 0, source, reason))
    assert side.stored == [(b"2.25.99", b"whole")]
    assert all(box.ended for box in side.boxes)


@pytest.mark.parametrize("ending", [RELEASE, abort_pdu(0, 0)], ids=["release", "abort"])
def test_an_end_inside_an_object_abandons_it(ending: bytes) -> None:
    """A-RELEASE-RQ and A-ABORT go to pynetdicom, half an object goes nowhere, and nothing counts after them."""
    side = Side().take(BEGUN + ending + message(STORAGE, STORE, b"late"), [5])
    assert bytes(side.exchange.passed) == ending
    assert [box.ended for box in side.boxes] == ["abandoned"]


def test_reserved_bits_of_the_control_header_are_not_checked() -> None:
    """PS3.8 E.2: the upper six bits are "never checked by the receiver"."""
    stream = message(STORAGE, STORE, b"data").replace(b"\x01\x02data", b"\x01\xfedata")
    assert Side().take(stream).stored == [(b"2.25.1", b"data")]


@pytest.mark.parametrize("max_pdu", [0, 7, 20, 64, 16384])
def test_an_answer_fits_what_the_peer_can_take(max_pdu: int) -> None:
    """A response is cut into PDUs of the peer's size, the last bit on the last."""
    answer = store_response(STORAGE, {0x0110: b"\x05\x00", 0x1000: b"2.25.1"}, 0xA700, max_pdu)
    command, lasts, at = b"", [], 0
    while at < len(answer):
        kind, length = struct.unpack_from(">BxL", answer, at)
        assert kind == 4
        assert not max_pdu or length <= max_pdu
        lasts.append(answer[at + 11] == 3)
        command += answer[at + 12 : at + 6 + length]
        at += 6 + length
    assert lasts == [False] * (len(lasts) - 1) + [True]
    assert element(0x0900, b"\x00\xa7") in command
    assert element(0x0120, b"\x05\x00") in command


class Breaking(Discarded):
    """An object that fails at one step."""

    def __init__(self, step: str) -> None:
        super().__init__(0)
        self.step = step
        self.ended = 0

    def write(self, piece: memoryview) -> None:
        if self.step == "write":
            raise OSError("no space left on device")

    def finish(self) -> int:
        if self.step == "finish":
            raise RuntimeError("bug")
        return 0

    def abandon(self) -> None:
        self.ended += 1


@pytest.mark.parametrize("step", ["begin", "write", "finish"])
def test_a_failure_while_storing_is_answered_with_try_again(step: str) -> None:
    """A700, the object abandoned, and the next one on the same association is served."""
    opened: list[Breaking] = []

    def begin(_context: int, command: Mapping[int, bytes]) -> Incoming:
        breaks = command[0x1000].startswith(b"2.25.1")
        if breaks and step == "begin":
            raise OSError("no space left on device")
        opened.append(Breaking(step if breaks else ""))
        return opened[-1]

    exchange = Exchange(frozenset((STORAGE,)), begin, LIMIT, 0, lambda _: True)
    for uid in ("2.25.1", "2.25.2"):
        exchange.receive(memoryview(message(STORAGE, store_command(uid), b"data" * 10, step=8)))
    statuses = [part[:2] for part in exchange.answers.split(b"\x00\x00\x00\x09\x02\x00\x00\x00")[1:]]
    assert statuses == [b"\x00\xa7", b"\x00\x00"]
    assert [box.ended for box in opened] == ([0] if step == "begin" else [1, 0])


# -- mutations, judged by a parser that sees the whole stream at once

VALID = (
    message(STORAGE, store_command("2.25.1", 1), bytes(range(256)) * 3, step=200)
    + message(ECHO, echo_command(2))
    + pdu(
        Pdv(STORAGE, True, False, STORE[:20]),
        Pdv(STORAGE, True, True, STORE[20:]),
        Pdv(STORAGE, False, False, b"first "),
        Pdv(STORAGE, False, True, b"second"),
    )
    + message(STORAGE, store_command("2.25.3", 3), b"third", step=2)
    + RELEASE
)


def _stored_in(stream: bytes) -> list[bytes]:
    """The data sets that are whole before the first thing that is not allowed; a second opinion, on whole bytes."""
    done: list[bytes] = []
    command, data, context, state = b"", b"", 0, "idle"
    at = 0
    while at + 6 <= len(stream):
        kind, length = struct.unpack_from(">BxL", stream, at)
        if kind != 4 or length > LIMIT or length < 6:
            return done
        end, at = at + 6 + length, at + 6
        while at < end:
            left = end - at
            if left < 6 or at + 6 > len(stream):
                return done
            size, pdv_context, control = struct.unpack_from(">LBB", stream, at)
            if size < 2 or size + 4 > left or 0 < left - size - 4 < 6:
                return done
            piece = stream[at + 6 : at + 4 + size]
            whole = len(piece) == size - 2
            at += 4 + size
            if pdv_context not in (STORAGE, ECHO) or (state != "idle" and pdv_context != context):
                return done
            if control & 1:
                if state not in ("idle", "command"):
                    return done
                state, context, command = "command", pdv_context, command + piece
                if not whole or len(command) > 65536:
                    return done
                if control & 2:
                    values = _command_values(command)
                    if values is None:
                        return done
                    command, is_store = b"", values[0x0100] == b"\x01\x00"
                    has_data = values[0x0800] != b"\x01\x01"
                    if is_store and len(values.get(0x0110, b"")) != 2:
                        return done
                    if is_store and not has_data:
                        done.append(b"")
                    state, data = ("store" if is_store else "pass") if has_data else "idle", b""
            else:
                if state not in ("store", "pass"):
                    return done
                data += piece
                if not whole:
                    return done
                if control & 2:
                    if state == "store":
                        done.append(data)
                    state = "idle"
    return done


def _command_values(command: bytes) -> dict[int, bytes] | None:
    values, at = {}, 0
    while at < len(command):
        if at + 8 > len(command):
            return None
        group, number, length = struct.unpack_from("<HHL", command, at)
        value = command[at + 8 : at + 8 + length]
        if group or len(value) < length:
            return None
        values[number] = value
        at += 8 + length
    needed = (values.get(0x0100, b""), values.get(0x0800, b""))
    return values if all(len(value) == 2 for value in needed) else None


def mutated(chance: random.Random) -> bytes:
    """The valid stream with a few bytes changed, cut out, doubled or swapped."""
    stream = bytearray(VALID)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(stream))
        match chance.randrange(5):
            case 0:
                stream[at] = chance.randrange(256)
            case 1:
                stream[at] ^= 1 << chance.randrange(8)
            case 2:
                del stream[at : at + chance.randint(1, 40)]
            case 3:
                stream[at:at] = stream[at : at + chance.randint(1, 40)]
            case _:
                other = chance.randrange(len(stream))
                stream[at], stream[other] = stream[other], stream[at]
        if not stream:
            stream += b"\0"
    return bytes(stream)


def _mutations(count: int, seed: int) -> None:
    chance = random.Random(seed)
    aborted = 0
    for _ in range(count):
        stream = mutated(chance)
        side = Side().take(stream, [chance.randint(1, 400) for _ in range(3)])
        assert [data for _, data in side.stored] == _stored_in(stream), stream.hex()
        assert all(box.ended for box in side.boxes)
        aborted += side.error is not None
    assert aborted > count / 4


def test_mutations_store_whole_objects_only() -> None:
    """Whatever is changed in a valid stream: what is stored is what a second parser finds whole, never a part."""
    _mutations(1_000, seed=1)


@pytest.mark.soak
def test_ten_thousand_mutations_and_more() -> None:
    """The same, at length."""
    for seed in range(10):
        _mutations(10_000, seed)
