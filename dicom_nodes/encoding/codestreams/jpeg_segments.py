"""Marker segments of JPEG (ISO 10918-1 Annex B) and JPEG-LS (ISO 14495-1 Annex C), each judged by itself.

What of an application segment decoders read, whether a segment is one of its marker at all, and the tables in it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

EOI, SOS, DQT, DHT, COM, TEM = 0xD9, 0xDA, 0xDB, 0xC4, 0xFE, 0x01
DNL, DRI, LS_FRAME, LS_PARAMETERS = 0xDC, 0xDD, 0xF7, 0xF8
FRAMES: Final = frozenset({*range(0xC0, 0xD0), LS_FRAME} - {DHT, 0xC8, 0xCC})
_MOST_COMPONENTS: Final = 4
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


def application(content: bytes) -> bytes:
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


def fits(marker: int, content: bytes, *, ls: bool) -> bool:
    """Whether a segment has the length and the values that its marker promises.

    Those of hierarchical images (DHP, EXP) do not: DICOM has no such images (PS3.5 8.2.1), and none of arithmetic
    coding, whose conditions DAC are.
    """
    length = len(content)
    if marker in FRAMES:
        return length >= 9 and length == 6 + 3 * content[5] and _are_components(content[6:])
    if marker == SOS:
        return length >= 6 and length == 4 + 2 * content[0] and content[0] <= _MOST_COMPONENTS
    if marker == DHT:
        return not ls and bool(huffman_tables(content))
    if marker == DQT:
        return not ls and bool(quantisation_tables(content))
    if marker == LS_PARAMETERS:
        return length == 11 and content[0] == 1
    return length in {DNL: (2,), DRI: (2, 3, 4) if ls else (2,)}.get(marker, ())


def _are_components(content: bytes) -> bool:
    """Whether each has a number of its own, sampling factors of 1 to 4 and one of four tables (B.2.2)."""
    numbers, sampling, tables = content[::3], content[1::3], content[2::3]
    return (
        len(set(numbers)) == len(numbers) <= _MOST_COMPONENTS
        and all(1 <= each >> 4 <= 4 and 1 <= each & 0xF <= 4 for each in sampling)
        and max(tables) <= 3
    )


def quantisation_tables(content: bytes) -> list[tuple[int, int, int]]:
    """Number, begin and end of each table's numbers; nothing if `content` is not made of tables (B.2.4.1)."""
    tables, at = [], 0
    while at < len(content):
        precision, number = content[at] >> 4, content[at] & 0xF
        end = at + 1 + 64 * (precision + 1)
        if precision > 1 or number > 3 or end > len(content):
            return []
        tables.append((number, at + 1, end))
        at = end
    return tables


def huffman_tables(content: bytes) -> list[tuple[int, int, int]]:
    """Class and number, begin and end of each table's counts and symbols; nothing if `content` is not made of tables.

    A table has as many symbols as it counts, each once, of codes that fit (B.2.4.2).
    """
    tables, at = [], 0
    while at < len(content):
        counts = content[at + 1 : at + 17]
        symbols = content[at + 17 : at + 17 + sum(counts)]
        codes = sum(count << 16 - bits for bits, count in enumerate(counts, 1))
        if content[at] & 0xEC or len(counts) < 16 or len(symbols) < sum(counts) or codes > 1 << 16:
            return []
        if max(Counter(symbols).values(), default=1) > 1:
            return []
        if content[at] >> 4 == 0 and max(symbols, default=0) > _LARGEST_DIFFERENCE:
            return []
        tables.append((content[at], at + 1, at + 17 + len(symbols)))
        at += 17 + len(symbols)
    return tables


def plain_table(symbols: int) -> bytes:
    """A Huffman table of so many symbols that says nothing: the smallest symbols, all of the longest codes."""
    return bytes((*[0] * 14, max(symbols - 255, 0), min(symbols, 255), *range(symbols)))
