"""What a hostile day sends, against 127.0.0.1 only: each attack goes on until it is told to stop, and never longer.

Each takes a `Target` and an event; what it opens it closes. Strangers call from 127.0.0.2, of which nobody has heard.
"""

from __future__ import annotations

import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import cycle
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import requests
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from bench.processes import HOST
from dicom_nodes.encoding.part10 import file_meta
from support.nodes.raw_peer import ECHO, RawPeer, echo_command, message
from support.objects.dicom_files import encoded, mr_dataset

STRANGER = "127.0.0.2"
FLOOD = 400
_PAUSE_S = 0.02
_MB = 1 << 20


@dataclass(frozen=True)
class Target:
    """The ports of a gateway, the address of its pages, a signed-in session that may upload and look, and its case."""

    dicom: int
    http: int
    url: str
    calling: str
    session: Callable[[], requests.Session]
    case: int


Attack = Callable[[Target, threading.Event], None]


def silence(_target: Target, over: threading.Event) -> None:
    """Nothing: what everything takes by itself."""
    over.wait()


def silent_associations(target: Target, over: threading.Event) -> None:
    """Connections to the DICOM port that say nothing, 400 at a time."""
    _flood(target.dicom, over, b"")


def silent_requests(target: Target, over: threading.Event) -> None:
    """Connections to the pages that begin a request and never end it, 400 at a time."""
    _flood(target.http, over, b"GET / HTTP/1.1\r\nHost: x\r\nX: ")


def _flood(port: int, over: threading.Event, said: bytes) -> None:
    while not over.is_set():
        with ExitStack() as held:
            for _ in range(FLOOD):
                if over.is_set():
                    return
                with suppress(OSError):
                    peer = held.enter_context(
                        socket.create_connection((HOST, port), 2, source_address=(STRANGER, 0))
                    )
                    peer.sendall(said)
            over.wait(0.5)


def echoes(target: Target, over: threading.Event) -> None:
    """A node that asks 400 things on one association without waiting for an answer, again and again."""
    while not over.is_set():
        with suppress(OSError, AssertionError), RawPeer(target.dicom) as peer:
            peer.associate(calling=target.calling)
            peer.send(message(ECHO, echo_command()) * FLOOD)
            for _ in range(FLOOD):
                peer.read()


def strangers(target: Target, over: threading.Event) -> None:
    """Callers of ever new names, from an address and with titles that no node has."""
    for number in cycle(range(10_000)):
        if over.is_set():
            return
        with suppress(OSError, AssertionError), RawPeer(target.dicom) as peer:
            peer.associate(calling=f"STRANGER{number}")


def slow_bodies(target: Target, over: threading.Event) -> None:
    """Uploads that send a byte now and then."""

    def slowly() -> Iterator[bytes]:
        while not over.is_set():
            yield b"x"
            over.wait(0.2)

    _together(target, over, 12, lambda client: _post(client, target, slowly()))


def uploads_of(file: bytes) -> Attack:
    """One file, uploaded again and again by four at once."""

    def attack(target: Target, over: threading.Event) -> None:
        _together(target, over, 4, lambda client: _post(client, target, file))

    return attack


def pictures(target: Target, over: threading.Event) -> None:
    """Every picture of a case whose files are hostile, asked for by ten at once."""
    numbers = cycle(range(len(HOSTILE_FILES)))

    def look(client: requests.Session) -> None:
        client.get(f"{target.url}/cases/{target.case}/images/0/{next(numbers)}.png?window=full", timeout=60)

    _together(target, over, 10, look)


def sign_ins(target: Target, over: threading.Event) -> None:
    """Sixty who guess passwords at once."""

    def guess(client: requests.Session) -> None:
        client.post(f"{target.url}/api/session", json={"login": "lead", "password": "guess"}, timeout=30)

    _together(target, over, 60, guess)


def _together(
    target: Target, over: threading.Event, at_once: int, once: Callable[[requests.Session], object]
) -> None:
    def again() -> None:
        with target.session() as client:
            while not over.wait(_PAUSE_S):
                with suppress(requests.RequestException, OSError):
                    once(client)

    threads = [threading.Thread(target=again, daemon=True) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _post(client: requests.Session, target: Target, body: bytes | Iterator[bytes]) -> None:
    with client.post(f"{target.url}/api/uploads?name=x", data=body, timeout=60, stream=True) as answer:
        for _ in answer.iter_content(65536):
            pass


# ---------------------------------------------------------------- files


def zip_bomb() -> bytes:
    """A megabyte that unpacks to a thousand."""
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as made, made.open("bomb", "w", force_zip64=True) as entry:
        for _ in range(1024):
            entry.write(bytes(_MB))
    return stream.getvalue()


def zip_directory() -> bytes:
    """A ZIP of two million entries, all of the empty name."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, *([0] * 15))
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(entry) * 2_000_000, 0, 0)
    return b"PK\3\4" + entry * 2_000_000 + end


def deflated(megabytes: int = 1024) -> bytes:
    """An object whose data set inflates to a thousand times its size."""
    whole = encoded(mr_dataset(1, syntax=DeflatedExplicitVRLittleEndian))
    start = file_meta(whole).end
    plain = zlib.decompress(whole[start:], -zlib.MAX_WBITS)
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    element = b"\xe1\x7f\x01\x10OB\0\0" + (megabytes * _MB).to_bytes(4, "little")
    packed = [deflater.compress(plain + element)]
    packed += [deflater.compress(bytes(_MB)) for _ in range(megabytes)]
    return whole[:start] + b"".join(packed) + deflater.flush()


def _says(**attributes: object) -> bytes:
    ds = mr_dataset(1)
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return encoded(ds)


def _rle() -> bytes:
    """Twenty kilobytes that say they are 11,000 by 11,000, run-length encoded."""
    ds = mr_dataset(1, syntax=RLELossless)
    ds.Rows = ds.Columns = 11_000
    return encoded(ds)


HOSTILE_FILES: Mapping[str, Callable[[], bytes]] = {
    "frames": lambda: _says(NumberOfFrames=2147483647),
    "some frames": lambda: _says(NumberOfFrames=16_000),
    "rows": lambda: _says(Rows=65535, Columns=65535),
    "run lengths": _rle,
    "spacing": lambda: _says(PixelSpacing=["54321", "1.25"]),
    "stretched": lambda: _says(Rows=16, Columns=16, PixelSpacing=["9.9", "1"]),
    "palette": lambda: _says(PhotometricInterpretation="PALETTE COLOR"),
    "deflated": lambda: deflated(200),
}
"""What a copy of a case may be made of; the deflated one would be refused when it comes."""


def hostile_files(folder: Path) -> list[Path]:
    """Each in a file."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, make in HOSTILE_FILES.items():
        path = folder / f"{name.replace(' ', '-')}.dcm"
        path.write_bytes(make())
        paths.append(path)
    return paths
