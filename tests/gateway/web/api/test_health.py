"""Alive, ready, and numbers: what monitoring asks, and that the answers name what is wrong and nobody."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from gateway.lifecycle import CaseState, ReplyState, ResultState, StudyState
from gateway.records.blobs import LocalBlobs
from gateway.records.database import Database
from gateway.web.api.health import readyz
from gateway.web.foundation.context import WebContext
from gateway.wrong_configuration import Fault, WrongConfiguration
from support.web_gateway import ORIGINAL_UID, PASSWORD, WebGateway, running


def readiness(context: WebContext) -> tuple[int, dict[str, Any]]:
    """Status and body of the answer."""
    answer = readyz(context)
    body: dict[str, Any] = json.loads(bytes(answer.body))
    return answer.status_code, body


def test_readiness_names_what_is_wrong(web: WebGateway) -> None:
    """Ready while database and disk can take work."""
    assert web.client().get("/readyz").json() == {
        "status": "ready",
        "checks": {"database": "ok", "disk": "ok"},
    }


def test_a_file_that_a_person_has_to_mend_is_a_warning_and_no_reason_to_stop(web: WebGateway) -> None:
    """The last good ones are in force; strangers are told of no path and no line."""
    wrong = WrongConfiguration(
        "rules", Path("/etc/rules"), (Fault("/etc/rules/a.yaml:3: bad.", "Mend."),), None
    )
    status, body = readiness(replace(web.context, wrong_configuration=lambda: (wrong,)))
    assert (status, body["status"], list(body["warnings"])) == (200, "ready", ["rules"])
    assert "/etc" not in str(body)


def test_a_database_without_tables_is_not_ready(web: WebGateway, tmp_path: Path) -> None:
    """The answer names the setting and the command, and the disk is still judged by itself."""
    empty = Database(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    status, body = readiness(replace(web.context, database=empty))
    empty.close()
    assert (status, body["status"], body["checks"]["disk"]) == (503, "not ready", "ok")
    assert "gateway migrate" in body["checks"]["database"]
    assert str(tmp_path) not in str(body)


def test_a_disk_that_is_nearly_full_or_gone_is_not_ready(web: WebGateway, tmp_path: Path) -> None:
    """With how much is wanted; nothing is received any more then."""
    settings = web.context.settings
    wanting = settings.model_copy(
        update={"storage": settings.storage.model_copy(update={"min_free_mb": 10**9})}
    )
    status, body = readiness(replace(web.context, settings=wanting))
    assert status == 503
    assert re.fullmatch(r"\d+ MB free, at least 1000000000 MB are wanted", body["checks"]["disk"])
    blobs = LocalBlobs(tmp_path / "objects")
    (tmp_path / "objects").rename(tmp_path / "gone")
    status, body = readiness(replace(web.context, blobs=blobs))
    assert (status, body["checks"]["database"]) == (503, "ok")
    assert "[storage] objects" in body["checks"]["disk"]


def metrics(web: WebGateway, sent: str = f"Bearer {'m' * 32}") -> httpx.Response:
    """What a monitoring system gets for this header."""
    return web.client().get("/metrics", headers={"Authorization": sent})


def test_metrics_are_for_the_monitoring_system_alone(web: WebGateway) -> None:
    """Its token from the settings; no session and no password of anybody, an administrator's neither."""
    assert metrics(web).status_code == 200
    for sent in ("", "Bearer x", "Bearer wrong", f"Basic {'m' * 32}", f"Bearer {'m' * 33}"):
        refused = metrics(web, sent)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Bearer")
    assert web.client("admin").get("/metrics").status_code == 401
    assert web.client().get("/metrics", auth=httpx.BasicAuth("admin", PASSWORD)).status_code == 401


def test_metrics_without_a_token_in_the_settings_answer_nobody(tmp_path: Path) -> None:
    """With what to set; an empty token is none."""
    with running(tmp_path) as web:
        refused = metrics(web, "Bearer x")
        assert refused.status_code == 401
        assert "[web] metrics_token" in refused.json()["fix"]


def test_metrics_hold_numbers_and_no_identity(web: WebGateway) -> None:
    """States and counts only: no pseudonym, no UID, no AE title, no site."""
    web.case(pseudonym="PML-SECRETXY")
    text = metrics(web).text
    assert re.search(r'gateway_cases\{state="FORWARDED"\} [1-9]', text)
    for hidden in ("PML-", ORIGINAL_UID, "HOSPITAL", "north"):
        assert hidden not in text


def test_metrics_have_every_state_also_those_of_nobody(web: WebGateway) -> None:
    """A monitoring rule on a state must not stay silent because no case was ever there."""
    text = metrics(web).text
    shown = {"cases": CaseState, "studies": StudyState, "replies": ReplyState, "results": ResultState}
    for name, states in shown.items():
        assert set(re.findall(rf'gateway_{name}\{{state="(\w+)"\}}', text)) == set(states)
    assert set(re.findall(r'gateway_parked\{unit="(\w+)"\}', text)) == {
        "case",
        "study",
        "reply",
        "result",
        "conflict",
    }
    assert re.search(r"^gateway_objects_free_bytes [1-9]", text, re.MULTILINE)
