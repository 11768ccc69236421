"""Commands that make and look after a gateway: init, check, migrate."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.records import key_proof
from gateway.records.database import Database
from gateway.records.identities.keys import make_key
from gateway.records.migrations import schema
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


def _serve(folder: Path, *roles: str) -> tuple[int, str]:
    """`gateway serve` in a process of its own: its exit status and what it printed. It is not to run."""
    arguments = [word for role in roles for word in ("--role", role)]
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "serve", *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "250"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_serve_never_makes_a_key(tmp_path: Path) -> None:
    """With a configuration and without: it stops with the fix, and the key folder is as it was."""
    code, said = _serve(tmp_path)
    assert (code, "There is no key file" in said, "gateway init DIR" in said) == (1, True, True), said
    assert list(tmp_path.rglob("*.key")) == []


@pytest.mark.parametrize("roles", [(), ("worker",)])
def test_serve_stops_with_keys_that_are_not_those_of_the_records(
    command: Command, tmp_path: Path, roles: tuple[str, ...]
) -> None:
    """Not a worker that dies again and again: the command ends with the problem and the fix. So do other commands."""
    command("init", ".")
    keys = tmp_path / "gateway-data" / "keys"
    database = Database(f"sqlite:///{tmp_path}/gateway-data/gateway.sqlite")
    schema.upgrade(database)
    key_proof.prove(database, keys)
    database.close()
    (keys / "pseudonym.key").unlink()
    code, said = command("init", ".")
    assert (code, "There is no pseudonym.key" in said) == (1, True), said
    make_key(keys / "pseudonym.key")
    code, said = _serve(tmp_path, *roles)
    assert (code, "pseudonym.key in" in said, "gateway vault accept" in said) == (1, True, True), said
    for words in (("check",), ("vault", "rotate"), ("vault", "reseal"), ("forget", "--case", 1)):
        code, said = command(*words)
        assert (code, "is not the key that the pseudonyms" in said) == (1, True), words
    assert command("vault", "accept", "--why", "lost for good", "--yes")[0] == 0
    assert command("check")[0] == 0


def test_roles_that_have_no_keys_need_none(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Receivers and web run where no key can be seen."""
    served: list[list[str]] = []
    monkeypatch.setattr(
        "gateway.service.supervisor.supervise", lambda _settings, roles: served.append(list(roles))
    )
    assert command("serve", "--role", "receiver", "--role", "web")[0] == 0
    assert served == [["receiver", "web"]]
