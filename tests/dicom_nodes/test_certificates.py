"""Whose a certificate is: fingerprints and subjects as people write them, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dicom_nodes import certificates
from dicom_nodes.certificates import Certificate, normal_form
from support.nodes.certificates import Authority

SHOWN = Certificate("CN=pacs,O=Hospital\\, north,C=DE", "ab" * 32, datetime(2030, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "written",
    [
        "ab" * 32,
        "AB" * 32,
        ":".join(["ab"] * 32),
        "SHA256:" + ":".join(["AB"] * 32),
        "sha-256 " + "ab" * 32,
        "CN=pacs,O=Hospital\\, north,C=DE",
        "C = DE, O = Hospital\\, north, CN = pacs",
    ],
)
def test_it_is_known_however_it_is_written(written: str) -> None:
    """With colons or without, in either case, the parts of a subject in either order."""
    assert SHOWN.is_one_of(("CN=other", written))


@pytest.mark.parametrize(
    "written",
    ["cd" * 32, "CN=pacs", "CN=Pacs,O=Hospital\\, north,C=DE", "CN=pacs,O=Hospital,C=DE"],
)
def test_what_is_nearly_it_is_another(written: str) -> None:
    """Part of a subject, another case, a field more or less."""
    assert not SHOWN.is_one_of((written,))
    assert not SHOWN.is_one_of(())


@pytest.mark.parametrize("written", ["", "pacs", "ab" * 31, "ab" * 33, "=x", "CN"])
def test_what_is_neither_is_refused(written: str) -> None:
    """A misspelt line would bind a node to nobody."""
    with pytest.raises(ValueError):
        normal_form(written)


def test_a_file_has_all_its_certificates(tmp_path: Path) -> None:
    """A chain, in its order."""
    authority = Authority(tmp_path)
    own = authority.settings("own").certificate
    assert own is not None
    chain = tmp_path / "chain.pem"
    chain.write_bytes(own.read_bytes() + authority.file.read_bytes())
    assert [each.subject for each in certificates.of_file(chain)] == ["CN=own", "CN=ca"]
