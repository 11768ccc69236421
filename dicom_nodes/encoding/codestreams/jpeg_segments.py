"""Marker segments of JPEG (ISO 10918-1 Annex B) and JPEG-LS (ISO 14495-1 Annex C), each judged by itself.

What of an application segment decoders read, whether a segment is one of its marker at all, and the tables in it.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Final

EOI, SOS, DQT, DHT, COM, TEM = 0xD9, 0xDA, 0xDB, 0xC4, 0xFE, 0x01
DNL, DRI, LS_FRAME, LS_PARAMETERS = 0xDC, 0xDD, 0xF7, 0xF8
FRAMES: Final = frozenset({*range(0xC0, 0xD0), LS_FRAME} - {DHT, 0xC8, 0xCC})
_MOST_COMPONENTS: Final = 4
_LARGEST_DIFFERENCE: Final = 16  # categories of DC differences and of lossless ones (H.1.2.2)
_BLOCK: Final = 64  # coefficients
COUNTS: Final = 16  # bytes of a Huffman table before its symbols: how many codes have each length
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

_DIVISORS: Final = (  # Tables K.1 and K.2 in the order of the zigzag
    bytes.fromhex(
        "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933"
        "383740485c4e404457453738506d51575f626768673e4d71797064785c656763"
    ),
    bytes.fromhex(
        "1112121815182f1a1a2f63423842636363636363636363636363636363636363"
        "6363636363636363636363636363636363636363636363636363636363636363"
    ),
)
_USUAL_TABLES: Final = (  # Tables K.3 to K.6: differences, and coefficients, of luminance and of chrominance
    bytes.fromhex("00010501010101010100000000000000000102030405060708090a0b"),
    bytes.fromhex("00030101010101010101010000000000000102030405060708090a0b"),
    bytes.fromhex(
        "0002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f0"
        "2433627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a63646566676869"
        "6a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5"
        "c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
    ),
    bytes.fromhex(
        "00020102040403040705040400010277000102031104052131061241510761711322328108144291a1b1c109233352f0"
        "156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768"
        "696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3"
        "c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
    ),
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


def seen_numbers(table: bytes, seen: bytes) -> bytes:
    """A table without what nothing has: the symbols of a Huffman table, or the divisors of coefficients.

    `seen` has a 1 for each symbol, or for each coefficient in the order of the table, that there is. The usual tables
    (ISO 10918-1 Annex K) stay, seen or not: they say nothing.
    """
    if table in _USUAL_TABLES or table in _usual_divisors():
        return table
    if len(seen) == _BLOCK:
        size = len(table) // _BLOCK
        one = (1).to_bytes(size)
        return b"".join(
            table[at * size : at * size + size] if each or at == 0 else one for at, each in enumerate(seen)
        )
    others = iter([each for each in range(256) if not seen[each]])
    return table[:COUNTS] + bytes(each if seen[each] else next(others) for each in table[COUNTS:])


@lru_cache(maxsize=1)
def _usual_divisors() -> frozenset[bytes]:
    """Tables K.1 and K.2, scaled as libjpeg does for qualities of 1 to 100, in bytes and, where they fit, limited."""
    scales = {max(1, 5000 // quality if quality < 50 else 200 - 2 * quality) for quality in range(1, 101)}
    scales |= {0}
    tables = set()
    for scale in scales:
        for base in _DIVISORS:
            numbers = [max(1, (each * scale + 50) // 100) for each in base]
            tables.add(bytes(min(each, 255) for each in numbers))
            tables.add(b"".join(min(each, 0x7FFF).to_bytes(2) for each in numbers))
    return frozenset(tables)


def plain_table(symbols: int) -> bytes:
    """A Huffman table of so many symbols that says nothing: the smallest symbols, all of the longest codes."""
    return bytes((*[0] * 14, max(symbols - 255, 0), min(symbols, 255), *range(symbols)))
