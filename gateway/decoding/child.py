"""The program of a process that reads, decodes and draws what others made, until nobody asks any more.

It holds nothing of the gateway: no key, no database, no socket, and of its files the one that it is asked about. What
it is asked comes as JSON and bytes, and what it answers is read as untrusted, because the bytes that it decodes are.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from dicom_nodes.encoding.codestreams.edits import UnaccountedBytes
from dicom_nodes.encoding.codestreams.pixel_data import FrameShape, walk_codestream
from gateway.decoding import rendering, spectra
from gateway.decoding.description import PixelDescription
from gateway.decoding.errors import CannotDecode
from gateway.decoding.messages import EDIT, addresses, limit, message, own_streams, read_message

Answer = tuple[dict[str, Any], bytes]


class InThisProcess:
    """Decodes where it is called: the place of `children.DecodingProcesses` within one of them."""

    def decode(self, description: PixelDescription, data: bytes, *, stored: bool) -> NDArray[Any]:
        """The values of the frames in `data`; raises whatever a decoder does."""
        from pydicom.pixels.decoders.base import get_decoder
        from pydicom.uid import UID

        options: dict[str, Any] = asdict(description)
        syntax, options["pixel_keyword"] = options.pop("transfer_syntax_uid"), options.pop("keyword")
        if stored:
            options["correct_unused_bits"] = False
        values: NDArray[Any] = get_decoder(UID(syntax)).as_array(data, raw=stored, **options)[0]
        return values


HERE: Final = InThisProcess()
_LEFT_BEHIND: Final = 512 << 20
"""Bytes of address space more than at the start: whoever has so much left over is replaced."""


def main() -> None:
    """Answer orders on the standard input; the one argument: how much it gives way to others."""
    orders, answers = own_streams()
    if len(sys.argv) > 1:
        os.nice(int(sys.argv[1]))
    for none in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):  # no pixels on the disk, whatever happens
        resource.setrlimit(none, (0, 0))
    from gateway.decoding import codecs, sample_ends  # after the limits

    codecs.register()
    assert sample_ends  # whose libraries count as there from the start
    unlimited = resource.getrlimit(resource.RLIMIT_AS)
    empty = addresses()
    while True:
        try:
            head, data = read_message(orders, sys.maxsize)
        except EOFError:
            return
        limit(int(head.pop("memory")), int(head.pop("seconds")))
        try:
            answer, values = TASKS[head.pop("task")](head, data)
        except CannotDecode as error:  # in our own words
            answer, values = {"error": type(error).__name__, "said": [error.problem, error.fix]}, b""
        except Exception as error:  # noqa: BLE001  whatever a library raises; only its name is told
            answer, values = {"error": type(error).__name__}, b""
        del data
        resource.setrlimit(resource.RLIMIT_AS, unlimited)
        if answer.get("error") == MemoryError.__name__ or addresses() - empty - len(values) > _LEFT_BEHIND:
            answer["last"] = True
        answers.write(message(answer, values))
        answers.write(values)
        answers.flush()


def _decode(head: dict[str, Any], data: bytes) -> Answer:
    values = HERE.decode(PixelDescription(**head["description"]), data, stored=head["stored"])
    return _values(values)


def _values(values: NDArray[Any]) -> Answer:
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return {"shape": values.shape, "dtype": little.dtype.str}, little.tobytes()


def _walked(head: dict[str, Any], data: bytes) -> Answer:
    """For each edit where it begins and ends, its length and its content."""
    from gateway.decoding.sample_ends import ENDS

    try:
        edits, end = walk_codestream(data, str(head["syntax"]), FrameShape(*head["shape"]), ENDS)
    except UnaccountedBytes as error:
        return {"unaccounted": error.problem}, b""
    packed = [EDIT.pack(edit.start, edit.end, len(edit.content)) + edit.content for edit in edits]
    return {"end": end}, b"".join(packed)


def _source(head: dict[str, Any], data: bytes) -> Path | BytesIO:
    file = head.pop("file")
    return Path(file) if file else BytesIO(data)


def _headers(head: dict[str, Any], _data: bytes) -> Answer:
    return {}, rendering.headers([Path(file) for file in head["files"]])


def _header(head: dict[str, Any], data: bytes) -> Answer:
    return {}, rendering.header(_source(head, data))


def _sampled(head: dict[str, Any], data: bytes) -> Answer:
    return {}, rendering.sampled(_source(head, data), HERE, **head).astype("<f4").tobytes()


def _stored(head: dict[str, Any], data: bytes) -> Answer:
    from gateway.decoding import stored

    return {}, stored.values_of(_source(head, data), HERE, **head)


def _drawn(head: dict[str, Any], data: bytes) -> Answer:
    return {}, rendering.drawn(_source(head, data), HERE, **head)


def _drawn_as_stored(head: dict[str, Any], data: bytes) -> Answer:
    return {}, rendering.drawn_as_stored(_source(head, data), HERE, **head)


def _spectrum(head: dict[str, Any], data: bytes) -> Answer:
    return {}, spectra.shown_spectrum(_source(head, data), **head)


def _change(head: dict[str, Any], _data: bytes) -> Answer:
    import gzip

    import SimpleITK

    from gateway.imaging.change.change_map import change_map
    from gateway.imaging.change.outcome import NoChangeMap
    from gateway.imaging.volume import from_nifti

    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    current, prior = (
        from_nifti(gzip.decompress(Path(head[name]).read_bytes())) for name in ("current", "prior")
    )
    made = change_map(current, prior, head["transform"])
    if isinstance(made, NoChangeMap):
        return {"why": made.why}, b""
    said = asdict(made)
    voxels = said.pop("array")
    return {**said, "shape": voxels.shape[::-1]}, voxels.tobytes()


TASKS: Final[dict[str, Callable[[dict[str, Any], bytes], Answer]]] = {
    "decode": _decode,
    "walk": _walked,
    "headers": _headers,
    "header": _header,
    "sampled": _sampled,
    "stored": _stored,
    "drawn": _drawn,
    "drawn as stored": _drawn_as_stored,
    "spectrum": _spectrum,
    "change": _change,
}


if __name__ == "__main__":
    main()
