"""/.well-known/security.txt as RFC 9116 wants it, for anybody, where the settings name somebody."""

from __future__ import annotations

from pathlib import Path

from support.web_gateway import WebGateway, running


def test_whom_to_tell_stands_at_the_known_place(tmp_path: Path) -> None:
    """Text, each field on a line, Expires once in UTC, without an account."""
    tables = {
        "security_txt": {
            "contact": ["mailto:security@clinic.example", "https://clinic.example/report"],
            "expires": "2027-06-30T02:00:00+02:00",
            "policy": "https://clinic.example/policy",
            "languages": "en, de",
        },
        "notify": {"link": "https://gateway.clinic.example/"},
    }
    with running(tmp_path, tables) as web:
        answer = web.client().get("/.well-known/security.txt")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.text.splitlines() == [
        "Contact: mailto:security@clinic.example",
        "Contact: https://clinic.example/report",
        "Expires: 2027-06-30T00:00:00Z",
        "Preferred-Languages: en, de",
        "Policy: https://clinic.example/policy",
        "Canonical: https://gateway.clinic.example/.well-known/security.txt",
    ]


def test_where_nobody_is_named_there_is_no_page(web: WebGateway) -> None:
    """404, as for any page that is not there."""
    assert web.client().get("/.well-known/security.txt").status_code == 404
