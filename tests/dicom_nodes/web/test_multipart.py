"""The body of a STOW-RS request: what was announced comes, from disk, or the file that cannot come is named."""

from __future__ import annotations

import tracemalloc
from email import message_from_bytes
from pathlib import Path

import pytest

from dicom_nodes.web.multipart import Multipart, Part, PartUnreadable
from support.objects.dicom_files import mr_file


def test_a_body_is_read_while_it_is_sent(tmp_path: Path) -> None:
    """A large file never lies in memory, and the length that was announced is the length that comes."""
    file = mr_file(tmp_path, rows=4000)
    body = Multipart([Part(file, file.path.stat().st_size)])
    tracemalloc.start()
    came = sum(len(block) for block in body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert came == len(body) > 30_000_000
    assert peak < 2_000_000


def parts(folder: Path, count: int, rows: int = 16) -> list[Part]:
    """Files as they are on the disk now."""
    files = [mr_file(folder, number, rows=rows) for number in range(count)]
    return [Part(file, file.path.stat().st_size) for file in files]


@pytest.mark.parametrize(("count", "rows"), [(0, 0), (1, 16), (3, 16), (2, 600)])
def test_a_mail_parser_finds_the_files_in_the_body(tmp_path: Path, count: int, rows: int) -> None:
    """As multipart/related (RFC 2387), each part a file of its own type, byte for byte; the length is announced."""
    sent = parts(tmp_path, count, rows)
    body = Multipart(sent)
    assert not body.begun
    encoded = b"".join(body)
    assert body.begun
    assert len(encoded) == len(body)
    head = f'Content-Type: multipart/related; boundary="{body.boundary}"\r\n\r\n'.encode()
    found = message_from_bytes(head + encoded).get_payload() if count else []
    assert isinstance(found, list)
    assert [part.get_content_type() for part in found] == ["application/dicom"] * count
    assert [part.get_payload(decode=True) for part in found] == [part.file.path.read_bytes() for part in sent]


def test_two_bodies_have_two_boundaries(tmp_path: Path) -> None:
    """A file cannot hold the boundary of its own request by having seen an earlier one."""
    assert Multipart([]).boundary != Multipart([]).boundary


@pytest.mark.parametrize("change", ["shorter", "gone"])
def test_a_file_that_changed_is_named(tmp_path: Path, change: str) -> None:
    """Which of the parts it was; nothing is made up in its place, and it is no error of the network."""
    sent = parts(tmp_path, 3)
    path = sent[1].file.path
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(PartUnreadable) as caught:
        list(Multipart(sent))
    assert caught.value.part is sent[1]
    assert not isinstance(caught.value, OSError)
    assert path.name not in caught.value.why


def test_what_was_added_to_a_file_is_not_sent(tmp_path: Path) -> None:
    """The length that was announced is kept to."""
    sent = parts(tmp_path, 1)
    whole = sent[0].file.path.read_bytes()
    sent[0].file.path.write_bytes(whole + b"more")
    body = Multipart(sent)
    encoded = b"".join(body)
    assert len(encoded) == len(body)
    assert whole in encoded
    assert whole + b"more" not in encoded
