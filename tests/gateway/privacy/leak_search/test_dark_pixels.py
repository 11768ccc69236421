"""The leak search passes over dark pixels in a hurry, and misses nothing that lies in them or at their edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.identifiers.values import ValueKind
from gateway.privacy.leak_search.search import IdentifyingValue, find_leaks
from gateway.privacy.profile.profile import load_profile
from support.judges import leak_oracle
from support.objects.hostile_mr import context, hostile_mr

BLOCK = 2048  # bytes that are dark together, or not
WORDS = ("Zwirnlein", "Anna", "Ross", "Müller", "山田太郎", "김희중", "Петров", "White House")
NUMBERS = ("4711923", "12345678", "1234")
DATES = ("19710413", "20240229")
UIDS = ("1.3.12.2.1107.5.2.32", "12345678.9")
VALUES = frozenset(
    {
        *(IdentifyingValue("PatientName", word, ValueKind.NAME) for word in WORDS),
        *(IdentifyingValue("PatientID", number, ValueKind.NUMBER) for number in NUMBERS),
        *(IdentifyingValue("StudyDate", date, ValueKind.DATE) for date in DATES),
        *(IdentifyingValue("SOPInstanceUID", uid, ValueKind.UID) for uid in UIDS),
    }
)
SHORT = frozenset(IdentifyingValue("OperatorsName", word, ValueKind.NAME) for word in ("Öz", "Gül", "Šoš"))
TEXTS = (*WORDS, "Öz", "Gül", *NUMBERS, *DATES, *UIDS, "13.04.1971", "1971-04-13", "4/13/71", "29 Feb 2024")
CHARSETS = ("utf-8", "latin-1", "shift_jis", "iso2022_jp", "euc_kr", "cp1251", "utf-16-le", "utf-16-be")


@st.composite
def planted(draw: st.DrawFn) -> tuple[int, bytes]:
    """A text and where it goes: mostly over the edge of two blocks, at an even or odd place."""
    text = draw(st.sampled_from(TEXTS))
    text = draw(st.sampled_from([text, text.upper(), text.lower()]))
    near = draw(st.integers(0, 12)) * BLOCK + draw(st.integers(-30, 30))
    at = max(draw(st.one_of(st.just(near), st.integers(0, 12 * BLOCK))), 0)
    return at, text.encode(draw(st.sampled_from(CHARSETS)), "ignore")


@st.composite
def pixels(draw: st.DrawFn) -> bytes:
    """Blocks of pixels of different darkness, some at the edge of what counts as dark, with texts in them."""
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    tops = draw(
        st.lists(st.sampled_from([1, 60, 300, 4096, 0x2D2D, 0x2D2E, 0x2F2E, 65536]), min_size=1, max_size=12)
    )
    length = BLOCK // 2
    data = bytearray(
        b"".join(random.integers(max(top - 200, 0), top, length, np.uint16).tobytes() for top in tops)
    )
    data += bytes(draw(st.integers(0, 9)))
    for at, text in draw(st.lists(planted(), max_size=6)):
        data[at : at + len(text)] = text
    return bytes(data)


SAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@SAMPLES
@given(pixels(), st.sampled_from([b"", b"\x07"]), st.sampled_from([VALUES, VALUES | SHORT]))
def test_both_searches_find_the_same_among_pixels(
    data: bytes, before: bytes, values: frozenset[IdentifyingValue]
) -> None:
    """At every alignment: in bytes that are no DICOM, where everything that is found counts."""
    assert find_leaks(before + data, values) == leak_oracle.find_leaks(before + data, values)


@SAMPLES
@given(pixels())
def test_both_searches_find_the_same_in_pixel_data(data: bytes) -> None:
    """In PixelData, where short words are chance."""
    ds = deidentify(hostile_mr(depth=0), context(), load_profile()).dataset
    ds.PixelData = data + b"\0" * (len(data) % 2)
    file = encode(ds)
    assert find_leaks(file, VALUES) == leak_oracle.find_leaks(file, VALUES)


DATE = IdentifyingValue("StudyDate", "19710413", ValueKind.DATE)
NUMBER = IdentifyingValue("PatientID", "12345678", ValueKind.NUMBER)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *(
            (IdentifyingValue("PatientName", "Zwirnlein"), "zwirnLEIN".encode(charset))
            for charset in CHARSETS
        ),
        # the second letter is above all first ones; two bytes a character, so all of it is dark
        (IdentifyingValue("PatientName", "Müller", ValueKind.NAME), "Müller".encode("utf-16-le")),
        # its beginning is dark, its end is not
        (IdentifyingValue("PatientName", "An山田太", ValueKind.NAME), "An山田太".encode("utf-16-le")),
        # so short that one word of it has to do
        (IdentifyingValue("PatientName", "Gül", ValueKind.NAME), "Gül".encode("utf-16-le")),
        # the darkest words that runs of digits begin with
        (DATE, b"4-13-1971"),
        (DATE, b"4.13.1971"),
        (DATE, "19710413".encode("utf-16-le")),
        (NUMBER, b"12345678"),
        (NUMBER, "12345678".encode("utf-16-be")),
    ],
)
def test_one_text_in_the_dark_is_found(value: IdentifyingValue, text: bytes) -> None:
    """Wherever it lies between dark blocks, and whether or not anything else is looked for."""
    for at in (*range(4 * BLOCK - len(text) - 3, 4 * BLOCK + 4), 5 * BLOCK + 500, 5 * BLOCK + 501):
        data = bytearray(8 * BLOCK)
        data[at : at + len(text)] = text
        for values in ([value], [value, IdentifyingValue("InstitutionName", "Quastenberg")]):
            found = find_leaks(bytes(data), values)
            assert at in [leak.offset for leak in found]
            assert found == leak_oracle.find_leaks(bytes(data), values)


def test_pixels_that_are_all_in_the_range_of_letters_are_searched() -> None:
    """Noise between 46 and 122 is as dark as can be, and as much like text."""
    noise = np.random.default_rng(7).integers(46, 123, 20 * BLOCK, np.uint16).astype("<u2").tobytes()
    hidden = noise[:9000] + "Zwirnlein".encode("utf-16-le") + noise[9018:]
    assert 9000 in [leak.offset for leak in find_leaks(hidden, VALUES)]
    assert find_leaks(hidden, VALUES) == leak_oracle.find_leaks(hidden, VALUES)
