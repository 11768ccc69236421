"""What would keep the audit trail from proving itself is told before the gateway starts."""

from __future__ import annotations

from pathlib import Path

from gateway.service.proof import proof
from gateway.settings import Settings
from support.nodes.certificates import Authority


def problems(tmp_path: Path, **audit: object) -> list[str]:
    """Each with its fix."""
    storage = {"keys": tmp_path / "keys", "objects": tmp_path / "data" / "objects"}
    settings = Settings.model_validate({"storage": storage, "audit": audit})
    return [f"{told.problem} {told.fix}" for told in proof(settings)]


def test_what_works_is_not_told_of(tmp_path: Path) -> None:
    """Nothing is made either."""
    own = Authority(tmp_path).settings("gateway")
    files = {"syslog_ca": own.ca, "syslog_certificate": own.certificate, "syslog_key": own.key}
    assert problems(tmp_path, syslog="tls://127.0.0.1:6514", **files) == []
    assert not (tmp_path / "data").exists()


def test_a_place_that_takes_no_anchor_is_told(tmp_path: Path) -> None:
    """A folder is no file, and a file has no files in it."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "anchors.jsonl"):
        assert "[audit] anchors" in problems(tmp_path, anchors=path)[0]


def test_a_file_with_other_things_is_told(tmp_path: Path) -> None:
    """By its line."""
    (tmp_path / "anchors.jsonl").write_text("{}\n")
    assert problems(tmp_path, anchors=tmp_path / "anchors.jsonl")[0].startswith("Line 1 of ")


def test_certificates_that_are_none_are_told(tmp_path: Path) -> None:
    """A file that is away, or another thing."""
    own = Authority(tmp_path).settings("gateway")
    for wrong in (
        {"syslog_ca": tmp_path / "none.pem"},
        {"syslog_certificate": own.certificate, "syslog_key": own.ca},
    ):
        [told] = problems(tmp_path, syslog="tls://127.0.0.1:6514", **wrong)
        assert "syslog_ca, syslog_certificate and syslog_key" in told
