"""JPEG (ISO 10918-1 Annex B) and JPEG-LS (ISO 14495-1 Annex C): every marker segment, by its own structure.

Comments and application segments are blanked where they stand, but for the colour transform that decoders read.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from dicom_nodes.encoding.codestreams.edits import Edit, UnaccountedBytes, is_encoder, over

START: Final = b"\xff\xd8"
_SOI, _EOI, _SOS, _DQT, _DHT, _DAC, _COM, _TEM = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xCC, 0xFE, 0x01
_DNL, _DRI, _LS_FRAME, _LS_PARAMETERS = 0xDC, 0xDD, 0xF7, 0xF8
_FRAMES: Final = frozenset({*range(0xC0, 0xD0), _LS_FRAME} - {_DHT, 0xC8, _DAC})
_LOSSLESS: Final = frozenset({0xC3, 0xC7, 0xCB, 0xCF, _LS_FRAME})
_RESTARTS: Final = range(0xD0, 0xD8)
_APPLICATIONS: Final = range(0xE0, 0xF0)
_NEXT_MARKER: Final = re.compile(rb"\xff+[\x01-\xfe]")
# In entropy-coded data 0xFF is followed by a stuffed zero byte (JPEG) or a stuffed zero bit (JPEG-LS).
_AFTER_SCAN: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_AFTER_LS_SCAN: Final = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")
_LARGEST_DIFFERENCE: Final = 16  # categories of DC differences and of lossless ones (H.1.2.2)
_JFIF: Final = b"JFIF\0\1\1\0\0\1\0\1\0\0"
_ADOBE: Final = b"Adobe\0\x64\0\0\0\0"
_USUAL: Final = re.compile(
    rb"JFIF\x00\x01[\x00-\x02][\x00-\x02](?:\x00[\x00\x01]){2}\x00\x00|"
    rb"Adobe\x00[\x00\x64\x65](?:[\x00\x40\x80\xc0]\x00){2}[\x00-\x02]|Adobe\x00{5}|mrfx[\x00-\x05]|"
    # SPIFF (ISO 14495-1 F): version, components, height, width, coding, resolution; and the end of its directory.
    rb"SPIFF\x00[\x01\x02][\x00-\x09][\x00-\x04]{2}(?:\x00\x00[\x00-\xff]{2}){2}[\x00-\x0f][\x00-\x20][\x00-\x06][\x00-\x02]"
    rb"(?:\x00{3}[\x00-\xff]){2}|\x00\x00\x00\x01\xff\xd8(?!.)",
    re.DOTALL,
)


def walk(code: bytes) -> tuple[list[Edit], int | None]:
    """What is to be written over in a codestream, and where it ends; None if it has no end (EOI).

    Raises UnaccountedBytes for what is no JPEG, or has parts that no JPEG has.
    """
    if not code.startswith(START):
        raise UnaccountedBytes("A JPEG image does not begin as one.")
    edits: list[Edit] = []
    tables: list[tuple[int, int]] = []  # the numbers of quantisation tables
    at, frame = len(START), 0
    while True:
        match = _NEXT_MARKER.search(code, at)
        if match is None:
            edits += over(code, at, len(code), b"\xff" * (len(code) - at))
            return edits, None
        # Before a marker any number of 0xFF may stand (B.1.1.2), and nothing else.
        edits += over(code, at, match.start(), b"\xff" * (match.start() - at))
        marker, at = code[match.end() - 1], match.end()
        if marker == _EOI:
            if frame in _LOSSLESS:
                for start, end in tables:
                    edits += over(code, start, end, b"\1" * (end - start))
            return sorted(edits), at
        if marker == _TEM or marker in _RESTARTS:
            continue
        first, at = at + 2, at + int.from_bytes(code[at : at + 2], "big")
        if at < first or at > len(code):
            raise UnaccountedBytes("A JPEG image is cut off in the middle of a segment.")
        content = code[first:at]
        if marker in _FRAMES:
            if frame:
                raise UnaccountedBytes("A JPEG image has a second frame header.")
            frame = marker
        if marker == _COM:
            if not is_encoder(content):
                edits += over(code, first, at, b" " * len(content))
        elif marker in _APPLICATIONS:
            edits += over(code, first, at, _application(content))
        elif not _fits(marker, content, ls=frame == _LS_FRAME):
            raise UnaccountedBytes("A JPEG image has a segment that is not as the codec defines it.")
        if marker == _DQT:
            tables += [(first + start, first + end) for start, end in _quantisation_tables(content)]
        if marker == _SOS:
            after = (_AFTER_LS_SCAN if frame == _LS_FRAME else _AFTER_SCAN).search(code, at)
            if after is None:
                return sorted(edits), None
            at = after.start()


def _application(content: bytes) -> bytes:
    """What stays of an application segment: how colours are coded (JFIF, Adobe, HP's transform of JPEG-LS)."""
    usual = _USUAL.match(content)
    kept = b""
    if usual is not None:
        kept = usual[0]
    elif content.startswith(_JFIF[:5]) and len(content) >= len(_JFIF):
        kept = _JFIF
    elif content.startswith(_ADOBE[:5]) and len(content) > len(_ADOBE) and content[len(_ADOBE)] in (0, 1, 2):
        kept = _ADOBE + content[len(_ADOBE) : len(_ADOBE) + 1]
    return kept + (b"\0" if kept else b" ") * (len(content) - len(kept))


def _fits(marker: int, content: bytes, *, ls: bool) -> bool:
    """Whether a segment has the length and the values that its marker promises.

    Those of hierarchical images (DHP, EXP) do not: DICOM has no such images (PS3.5 8.2.1).
    """
    length = len(content)
    if marker in _FRAMES:
        return length >= 6 and length == 6 + 3 * content[5]
    if marker == _SOS:
        return length >= 1 and length == 4 + 2 * content[0]
    if marker == _DHT:
        return not ls and _are_huffman_tables(content)
    if marker == _DQT:
        return not ls and bool(_quantisation_tables(content))
    if marker == _DAC:
        return length % 2 == 0 and all(number & 0xEE == 0 for number in content[::2])
    if marker == _LS_PARAMETERS:
        return length == 11 and content[0] == 1
    return length in {_DNL: (2,), _DRI: (2, 3, 4) if ls else (2,)}.get(marker, ())


def _quantisation_tables(content: bytes) -> list[tuple[int, int]]:
    """Where the numbers of each table lie; nothing if `content` is not made of tables (B.2.4.1)."""
    tables, at = [], 0
    while at < len(content):
        precision, number = content[at] >> 4, content[at] & 0xF
        end = at + 1 + 64 * (precision + 1)
        if precision > 1 or number > 3 or end > len(content):
            return []
        tables.append((at + 1, end))
        at = end
    return tables


def _are_huffman_tables(content: bytes) -> bool:
    """Whether each table is one: as many symbols as it counts, each once, of codes that fit (B.2.4.2)."""
    at = 0
    while at < len(content):
        counts = content[at + 1 : at + 17]
        symbols = content[at + 17 : at + 17 + sum(counts)]
        codes = sum(count << 16 - bits for bits, count in enumerate(counts, 1))
        if content[at] & 0xEC or len(counts) < 16 or len(symbols) < sum(counts) or codes > 1 << 16:
            return False
        if max(Counter(symbols).values(), default=1) > 1:
            return False
        if content[at] >> 4 == 0 and max(symbols, default=0) > _LARGEST_DIFFERENCE:
            return False
        at += 17 + len(symbols)
    return bool(content)
