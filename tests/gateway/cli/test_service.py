"""Commands that make and look after a gateway: init, check, migrate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.command_line import Command, command

__all__ = ["command"]


def test_init_makes_a_gateway_that_check_accepts(command: Command) -> None:
    """After init, check finds nothing that keeps the gateway from starting."""
    assert command("init", ".")[0] == 0
    code, said = command("check")
    assert code == 0, said
    assert "Ready to serve" in said
    assert command("migrate")[0] == 0


def test_check_names_every_problem_at_once(command: Command, tmp_path: Path) -> None:
    """A missing key, a rule to nowhere and a wrong node are all in one answer, each with its fix."""
    command("init", ".")
    (tmp_path / "gateway-data" / "keys" / "vault.key").unlink()
    (tmp_path / "nodes.yaml").write_text(
        "nodes:\n  - {name: a, kind: dimse, ae_title: A, host: h, port: none}\n"
    )
    (tmp_path / "rules" / "natalizumab.yaml").write_text(
        "rules:\n  - {id: r, title: R, destination: nowhere, when: {modalities: {is: MR}}}\n"
    )
    code, printed = command("check", "--json")
    problems = json.loads(printed)
    assert code == 1
    assert {problem["where"] for problem in problems} >= {"keys", "nodes", "rules"}
    assert all(problem["fix"] for problem in problems)


def test_check_refuses_profiles_that_keep_an_identifier_or_are_not_there(
    command: Command, tmp_path: Path
) -> None:
    """Every wrong profile, and every rule or setting that names none, each with its fix."""
    command("init", ".")
    (tmp_path / "profiles" / "ours.yaml").write_text(
        "name: ours\nextends: pml-read\nversion: '1'\nkeep_text: [PatientAddress]\n"
        "rules: {PatientBirthDate: {action: K, reason: handy}}\n"
    )
    (tmp_path / "profiles" / "pml-read.yaml").write_text("name: other\nextends: nothing\n")
    (tmp_path / "rules" / "natalizumab.yaml").write_text(
        "rules:\n"
        "  - {id: one, title: One, profile: ours, when: {modalities: {is: MR}}}\n"
        "  - {id: two, title: Two, profile: theirs, when: {modalities: {is: MR}}}\n"
    )
    code, printed = command("check", "--json")
    assert code == 1
    problems = [one for one in json.loads(printed) if one["where"] == "profiles"]
    said = "\n".join(one["problem"] for one in problems)
    assert "ours.yaml:5: rules.PatientBirthDate: would keep a direct identifier (found K)" in said
    assert "ours.yaml:4: keep_text.0: keeps a direct identifier (found PatientAddress)" in said
    assert "pml-read.yaml:1: name: is not that of the file (found other)" in said
    assert "pml-read.yaml:1: version: is missing" in said
    assert "rule two names the profile 'theirs'" in said
    assert "rule one" not in said, "told once, by its file"
    assert all(one["fix"] for one in problems)


def test_init_says_what_it_wrote_and_what_is_next(command: Command, tmp_path: Path) -> None:
    """Each file once; a second time nothing is written, and what was edited stays."""
    code, said = command("init", "here")
    assert code == 0
    wrote = {line.removeprefix("wrote ") for line in said.splitlines() if line.startswith("wrote ")}
    assert {
        str(path.relative_to(tmp_path)) for path in (tmp_path / "here").rglob("*") if path.is_file()
    } == wrote
    assert "gateway check --config here/gateway.toml" in said
    (tmp_path / "here" / "nodes.yaml").write_text("nodes: []\n")
    assert "wrote" not in command("init", "here")[1]
    assert (tmp_path / "here" / "nodes.yaml").read_text() == "nodes: []\n"


def test_check_prints_advice_and_still_says_ready(command: Command) -> None:
    """What is only advice keeps nothing from starting: exit status 0, for people and for scripts."""
    command("init", ".")
    code, said = command("check")
    assert (code, "advice" in said, "problem " in said) == (0, True, False)
    code, printed = command("check", "--json")
    assert code == 0
    assert not [problem for problem in json.loads(printed) if problem["severe"]]


def test_serve_without_a_configuration_makes_keys_and_with_one_never(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A first look needs no init; a gateway whose keys are lost must not quietly go on with new ones."""
    served: list[list[str]] = []
    monkeypatch.setattr(
        "gateway.service.supervisor.supervise", lambda _settings, roles: served.append(list(roles))
    )
    (tmp_path / "empty.toml").write_text("")
    assert command("serve", "--config", "empty.toml")[0] == 0
    assert not (tmp_path / "gateway-data").exists()
    assert command("serve", "--role", "receiver")[0] == 0
    assert {path.name for path in (tmp_path / "gateway-data" / "keys").iterdir()} == {
        "vault.key",
        "pseudonym.key",
    }
    assert served == [["receiver", "web", "worker"], ["receiver"]]
