"""Short cuts of the leak search miss nothing: one search for many files, against the plain one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.identifiers.detection import words_of
from gateway.privacy.identifiers.values import ValueKind
from gateway.privacy.leak_search.header_text import LONGEST
from gateway.privacy.leak_search.known_spans import KnownLayouts
from gateway.privacy.leak_search.search import IdentifyingValue, LeakSearch
from gateway.privacy.leak_search.short_names import may_hold
from gateway.privacy.leak_search.spans import spans
from gateway.privacy.profile.profile import load_profile
from support.judges import leak_oracle
from support.objects.hostile_mr import context, hostile_mr

BLOCK = 2048  # bytes that are dark together, or not
SHORT = ("Li", "Ada", "Mtr", "Öz", "Kß")
VALUES = [
    *(
        IdentifyingValue("PatientName", word, ValueKind.NAME)
        for word in ("Zwirnlein", "Anna", "Müller", "山田太郎")
    ),
    *(IdentifyingValue("PatientID", number, ValueKind.NUMBER) for number in ("4711923", "000042", "1234")),
    *(IdentifyingValue("StudyDate", date, ValueKind.DATE) for date in ("19710413", "20240229")),
    IdentifyingValue("SOPInstanceUID", "1.3.12.2.1107.5.2.32", ValueKind.UID),
]
ALL = [*VALUES, *(IdentifyingValue("OperatorsName", word, ValueKind.NAME) for word in SHORT)]
TEXTS = (
    "Zwirnlein", "Anna", "Müller", "山田太郎", "4711923", "0.42", "42", "x 42", "1234", "19710413", "13.04.1971",
    "13 Apr 1971", "1.3.12.2.1107.5.2.32", *SHORT, "ADA", "\u212aß", "Kss", "li", " li ",
)  # fmt: skip
CHARSETS = ("utf-8", "latin-1", "shift_jis", "utf-16-le", "utf-16-be")
SAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _clean_file() -> bytes:
    ds = deidentify(hostile_mr(depth=1), context(), load_profile()).dataset
    ds.ImageComments, ds.SAR = "nothing to see " * 4, "0.4255"
    ds.PixelData = np.random.default_rng(5).integers(0, 600, 9 * BLOCK // 2, np.uint16).tobytes()
    return encode(ds)


CLEAN = _clean_file()
PIXELS = next(span.start for span in spans(CLEAN) if span.path == "PixelData")
SEARCH = {False: LeakSearch(VALUES), True: LeakSearch(ALL)}


@st.composite
def plants(draw: st.DrawFn) -> list[tuple[int, bytes]]:
    """Texts and where they go: the preamble, a value, an element's header, the pixels, the edge of a block."""
    places = st.one_of(
        st.integers(0, PIXELS + 40),
        st.sampled_from([span.start for span in spans(CLEAN)]),
        st.builds(
            lambda block, by: max(block * BLOCK + by, 0),
            st.integers(0, len(CLEAN) // BLOCK),
            st.integers(-20, 20),
        ),
        st.integers(PIXELS, len(CLEAN)),
    )
    texts = st.builds(
        lambda text, charset: text.encode(charset, "ignore"),
        st.sampled_from(TEXTS),
        st.sampled_from(CHARSETS),
    )
    return draw(st.lists(st.tuples(places, texts), max_size=4))


def with_planted(data: bytes, planted: list[tuple[int, bytes]]) -> bytes:
    """`data` with the texts written over it."""
    changed = bytearray(data)
    for at, text in planted:
        changed[at : at + len(text)] = text
    return bytes(changed)


@SAMPLES
@given(plants(), st.booleans())
def test_one_search_finds_in_every_file_what_the_plain_one_finds(
    planted: list[tuple[int, bytes]], short: bool
) -> None:
    """Whatever it remembers of the files before: runs of digits, layouts, short words."""
    data = with_planted(CLEAN, planted)
    assert SEARCH[short].leaks(data) == leak_oracle.find_leaks(data, ALL if short else VALUES)


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("before", [0, BLOCK, LONGEST + BLOCK])
def test_a_wide_run_over_the_edge_of_the_dark_is_one_run(order: str, before: int) -> None:
    """Between dark pixels and bright ones, few or many: it begins where it begins, at any alignment."""
    random = np.random.default_rng(3)
    bright = random.integers(40_000, 60_000, before // 2, np.uint16).tobytes()
    dark = random.integers(300, 600, 3 * BLOCK, np.uint16).tobytes()
    search = LeakSearch(VALUES)
    for data in (bright + dark, dark + bright, dark + bright + dark):
        for text in ("77.4711923", "19710413"):
            planted = text.encode(order)
            for edge in {len(bright), len(dark), len(dark) + len(bright)} - {0, len(data)}:
                for at in range(edge - len(planted) - 4, edge + 5):
                    file = with_planted(data, [(at, planted)])
                    assert search.leaks(file) == leak_oracle.find_leaks(file, VALUES)


def test_wide_runs_by_chance_are_no_reason_to_miss_one() -> None:
    """Pixels that look like digits stand beside a real number."""
    digits = np.random.default_rng(1).integers(0x2B, 0x3C, 40 * BLOCK, np.uint16)
    pixels = np.where(np.arange(len(digits)) % 23 < 6, digits, 700).astype("<u2").tobytes()
    search = LeakSearch(VALUES)
    for at in range(20_001, 20_060):
        file = with_planted(pixels, [(at, "4711923".encode("utf-16-le"))])
        assert search.leaks(file) == leak_oracle.find_leaks(file, VALUES)


LAYOUTS = KnownLayouts()


@SAMPLES
@given(
    st.lists(st.tuples(st.integers(0, len(CLEAN) - 1), st.binary(min_size=1, max_size=5)), max_size=3),
    st.integers(0, 3),
)
def test_a_known_layout_is_the_one_a_walk_finds(changes: list[tuple[int, bytes]], cut: int) -> None:
    """Wherever bytes differ from those of files before: in headers, values, items, the transfer syntax."""
    data = with_planted(CLEAN, changes)
    data = data[: len(data) - cut]
    for _ in range(2):
        assert LAYOUTS.spans(data) == spans(data)


def test_every_byte_of_a_header_matters_to_a_known_layout() -> None:
    """Each byte in turn, in explicit and implicit files: what a walk reads is what is compared."""
    layouts = KnownLayouts()
    end = next(span.start for span in spans(CLEAN) if span.path == "PixelData")
    for data in (CLEAN, CLEAN.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0")):
        layouts.spans(data)
        for at in range(128, end):
            changed = bytearray(data)
            changed[at] ^= 0x21
            assert layouts.spans(bytes(changed)) == spans(bytes(changed))
            assert layouts.spans(data) == spans(data)


LETTERS = st.one_of(
    st.sampled_from("lLiIkKsStTfFaAdDmrRM öÖzZßẞ\u212a\u017f\u0130\u0149\u01f0ﬀﬁﬂﬃﬄﬅﬆ\u1e96\u1e9a.^-07"),
    st.characters(),
)


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(
        st.text(LETTERS, max_size=12).map(lambda text: text.encode("utf-8", "ignore")),
        st.text(LETTERS, max_size=12).map(lambda text: text.encode("latin-1", "ignore")),
        st.binary(max_size=9),
    ),
    st.binary(max_size=3),
    st.sets(
        st.sampled_from(["li", "ada", "mtr", "öz", "kss", "ss", "st", "fi", "k", "ffi", "ʼn", "i̇"]),
        min_size=1,
    ),
)
def test_the_quick_look_for_short_words_never_misses_one(raw: bytes, around: bytes, words: set[str]) -> None:
    """In either character set, however it is spelled, whatever stands beside it."""
    found = words_of(f"{raw.decode('utf-8', 'replace')} {raw.decode('latin-1')}")
    if found & words:
        assert may_hold((around + raw + around).lower(), words)


def test_every_letter_that_casefolds_to_an_ascii_one_is_noticed() -> None:
    """All of Unicode, so that a new version of it with more of them does not go unnoticed."""
    for code in (*range(0x80, 0xD800), *range(0xE000, 0x110000)):
        if not chr(code).casefold().isascii() and not any(one.isascii() for one in chr(code).casefold()):
            continue
        assert may_hold(chr(code).encode(), ["zz"])
        if code < 0x100:
            assert may_hold(chr(code).encode("latin-1"), ["zz"])


@pytest.mark.parametrize("length", [100, 20_000, 60_000])
def test_a_short_word_is_found_in_a_text_of_any_length(length: int) -> None:
    """Also where the text is too long to be handled as one."""
    ds = deidentify(hostile_mr(depth=0), context(), load_profile()).dataset
    ds.TextValue = ("x " * (length // 2))[:length] + "seen by Li"
    found = SEARCH[True].leaks(encode(ds))
    assert [leak.attribute for leak in found] == ["TextValue"]
    assert found == leak_oracle.find_leaks(encode(ds), ALL)
