"""The program of a process that decodes: orders come in, values go out, until nobody asks any more.

It holds nothing of the gateway: no key, no database, no file, no socket. What it is asked comes as JSON and bytes, and
what it answers is read as untrusted, because the bytes that it decodes are.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import struct
import sys
import warnings
from dataclasses import asdict
from functools import partial
from typing import IO, Any, Final

from dicom_nodes.encoding.codestreams.edits import UnaccountedBytes
from dicom_nodes.encoding.codestreams.jpeg import Ends
from dicom_nodes.encoding.codestreams.pixel_data import FrameShape, walk_codestream
from gateway.decoding.description import MOST_FRAME_BYTES, PixelDescription

_LENGTHS: Final = struct.Struct("<IQ")
EDIT: Final = struct.Struct("<3Q")
"""Of an answer: begin and end of what is to be written over, and the length of the content that follows."""
_SPARE_BYTES: Final = 256 << 20
"""Address space for whatever is no pixel."""
_COPIES: Final = 8
"""How often a frame may be in memory while it is decoded: JPEG 2000 works in 32 bits, twice, for values of 8."""


def message(head: dict[str, Any], data: bytes | memoryview = b"") -> bytes:
    """What goes before the `data` of a message: their lengths, and `head` as JSON."""
    text = json.dumps(head).encode()
    return _LENGTHS.pack(len(text), len(data)) + text


def read_message(stream: IO[bytes], most: int) -> tuple[dict[str, Any], bytes]:
    """One message with at most so many bytes of data; raises EOFError where it is cut, ValueError where it is none."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        raise EOFError
    head_length, data_length = _LENGTHS.unpack(lengths)
    if head_length > 1 << 16 or data_length > most:
        raise ValueError("A message is longer than it can be.")
    text, data = stream.read(head_length), stream.read(data_length)
    if len(text) < head_length or len(data) < data_length:
        raise EOFError
    head = json.loads(text)
    if not isinstance(head, dict):
        raise ValueError("A message does not say what it is.")
    return head, data


def order(description: PixelDescription, stored: bool, seconds: int) -> dict[str, Any]:
    """The head of an order: the frames of its data, encapsulated, are decoded within so many seconds of a core."""
    return {"description": asdict(description), "stored": stored, "seconds": seconds}


def walk_order(syntax: str, shape: FrameShape, seconds: int) -> dict[str, Any]:
    """The head of an order: the codestream of one frame is walked, not decoded, within so many seconds of a core."""
    return {"walk": syntax, "shape": shape, "seconds": seconds}


def own_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Where orders come from and answers go to; what a library prints does not get among them."""
    orders, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nothing, stream)
    logging.disable()
    warnings.simplefilter("ignore")
    return orders, answers


def main() -> None:
    """Answer orders on the standard input."""
    orders, answers = own_streams()
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):  # no pixels on the disk, whatever happens
        resource.setrlimit(limit, (0, 0))
    from gateway.decoding import codecs, sample_ends  # after the limits

    codecs.register()
    unlimited = resource.getrlimit(resource.RLIMIT_AS)
    while True:
        try:
            head, data = read_message(orders, sys.maxsize)
        except EOFError:
            return
        work = partial(_walked, sample_ends.ENDS) if "walk" in head else _decoded
        _limit(_needed(head, data), int(head["seconds"]))
        try:
            answer, values = work(head, data)
        except Exception as error:  # noqa: BLE001  whatever a decoder raises; only its name is told
            answer, values = {"error": type(error).__name__}, b""
        resource.setrlimit(resource.RLIMIT_AS, unlimited)
        answers.write(message(answer, values))
        answers.write(values)
        answers.flush()


def _needed(head: dict[str, Any], data: bytes) -> int:
    """Bytes of memory that an order can need."""
    if "walk" in head:
        shape = FrameShape(*head["shape"])
        samples = shape.rows * shape.columns * shape.samples * shape.sample_bytes
        return _SPARE_BYTES + min(samples * 2, MOST_FRAME_BYTES) + len(data) * _COPIES * 8
    description = PixelDescription(**head["description"])
    return description.bytes_of_a_frame * (_COPIES + 2 * description.number_of_frames)


def _limit(needed: int, seconds: int) -> None:
    """From now on no more memory than the header can need, and no more of a core's time than is given."""
    with open("/proc/self/statm", encoding="ascii") as numbers:
        used = int(numbers.read().split()[0]) * resource.getpagesize()
    may_use = used + _SPARE_BYTES + needed
    resource.setrlimit(resource.RLIMIT_AS, (may_use, resource.getrlimit(resource.RLIMIT_AS)[1]))
    spent = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent.ru_utime + spent.ru_stime) + 1 + seconds, hard))


def _walked(ends: Ends, head: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """The head of the answer, and for each edit where it begins and ends, its length and its content."""
    try:
        edits, end = walk_codestream(data, str(head["walk"]), FrameShape(*head["shape"]), ends)
    except UnaccountedBytes as error:
        return {"unaccounted": error.problem}, b""
    packed = [EDIT.pack(edit.start, edit.end, len(edit.content)) + edit.content for edit in edits]
    return {"end": end}, b"".join(packed)


def _decoded(head: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """The head of the answer, and the values."""
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    description, stored = PixelDescription(**head["description"]), head["stored"]
    options: dict[str, Any] = asdict(description)
    syntax, options["pixel_keyword"] = options.pop("transfer_syntax_uid"), options.pop("keyword")
    if stored:
        options["correct_unused_bits"] = False
    values, _ = get_decoder(UID(syntax)).as_array(data, raw=stored, **options)
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return {"shape": values.shape, "dtype": little.dtype.str}, little.tobytes()


if __name__ == "__main__":
    main()
