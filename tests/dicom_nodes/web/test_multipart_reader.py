"""The parts of a multipart body, however it is laid out and cut by the network (RFC 2046 5.1.1)."""

from __future__ import annotations

from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_nodes.web.multipart_reader import MultipartError, MultipartReader, PartEnd

PLAIN = b"--b\r\nContent-Type: application/dicom\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n"


def read(body: bytes, step: int = 1 << 20) -> tuple[list[tuple[str, bytes]], MultipartReader]:
    """Content type and bytes of each part that came to its end."""
    reader = MultipartReader("b")
    parts: list[tuple[str, bytes]] = []
    kind, content = "", b""
    for at in range(0, len(body), step):
        for event in reader.feed(body[at : at + step]):
            if isinstance(event, Message):
                kind, content = str(event.get("content-type", "")), b""
            elif isinstance(event, PartEnd):
                parts.append((kind, content))
            else:
                content += event
    return parts, reader


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        b"A preamble.\r\nIgnore --b it.\r\n" + PLAIN + b"An epilogue.\r\n--b\r\n\r\nnot a part\r\n--b--",
        PLAIN.replace(b"--b\r\n", b"--b \t\r\n").replace(b"--b--", b"--b-- \t"),
        PLAIN.replace(b": application", b":\r\n application"),
        PLAIN.removesuffix(b"\r\n"),
    ],
    ids=["plain", "preamble and epilogue", "white space", "folded", "no last line end"],
)
def test_what_rfc_2046_allows_is_read(body: bytes, step: int) -> None:
    """Two parts, whatever stands around them and wherever the network cuts."""
    parts, reader = read(body, step)
    assert [(kind.strip(), content) for kind, content in parts] == [
        ("application/dicom", b"one"),
        ("", b"two"),
    ]
    assert reader.is_closed


@given(
    st.lists(
        st.lists(
            st.sampled_from([b"\r\n", b"--", b"b", b"\r\n--b", b"\r\n--bc", b"x", b" ", b"\r\n--b \t-"])
        ).map(b"".join),
        min_size=1,
        max_size=3,
    ),
    st.integers(1, 9),
)
def test_any_content_without_a_delimiter_comes_back(contents: list[bytes], step: int) -> None:
    """Bytes that look like the beginning of a delimiter are the part's."""
    contents = [
        content
        for content in contents
        if not any(f"\r\n--b{end}".encode() in b"\r\n" + content for end in DELIMITERS)
    ]
    body = b"".join(b"--b\r\n\r\n" + content + b"\r\n" for content in contents) + b"--b--"
    # A content's end and the line end behind it make no delimiter of their own.
    if any((b"\r\n" + content).endswith((b"\r\n--b", b"\r\n--b ")) for content in contents):
        return
    parts, _ = read(body, step)
    assert [content for _, content in parts] == contents


DELIMITERS = ("--", "\r\n", " \r\n", "  \r\n", "   \r\n")


def test_a_part_may_be_empty() -> None:
    """Headers, an empty line, the next delimiter; the empty line's end may be the delimiter's."""
    parts, _ = read(b"--b\r\nA: b\r\n\r\n\r\n--b\r\nA: b\r\n\r\n--b--")
    assert [content for _, content in parts] == [b"", b""]


@pytest.mark.parametrize("cut", range(1, len(PLAIN) - len(b"\r\n--b--\r\n")))
def test_a_body_that_is_cut_is_not_closed(cut: int) -> None:
    """Wherever it is cut: the last part has no end, and the reader says that it is not closed."""
    parts, reader = read(PLAIN[:cut])
    assert not reader.is_closed
    assert (b"two" in [content for _, content in parts]) is False


def test_headers_without_end_are_refused() -> None:
    """They would fill the memory."""
    with pytest.raises(MultipartError):
        read(b"--b\r\n" + b"A: " + b"x" * 100_000, 1000)


def test_little_is_held() -> None:
    """A gigabyte in one part passes through; here a thousandth of it."""
    reader = MultipartReader("b")
    list(reader.feed(b"--b\r\n\r\n"))
    for _ in range(100):
        [piece] = reader.feed(b"\r\n--" * 2500)
        assert len(piece) > 9000
