"""What README.md says can be done: its commands exist, its examples load, its links lead somewhere."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.node import Role
from gateway import settings as gateway_settings
from gateway.cli import app
from routing_rules.files import load_rules, run_tests

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def shell_lines() -> list[str]:
    """Every command line of the shell blocks, without its comment."""
    lines = (line.split(" #")[0].strip() for block in blocks("sh") for line in block.splitlines())
    return [line for line in lines if line]


def gateway_lines() -> list[str]:
    """Every `gateway ...` that the README tells people to type, in blocks and in the text."""
    inline = re.findall(r"`(gateway [^`]+)`", README)
    return sorted({*inline, *(line for line in shell_lines() if line.startswith("gateway "))})


@pytest.mark.parametrize("line", gateway_lines())
def test_every_gateway_command_exists_with_its_options(line: str) -> None:
    """Nobody types something from here and gets a usage error for it."""
    command: Any = typer.main.get_command(app)
    words = shlex.split(line.replace("\\|", ","))[1:]
    while words and hasattr(command, "commands"):
        word = words.pop(0)
        assert word in command.commands
        command = command.commands[word]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("line", sorted(set(re.findall(r"\./dev(?: [a-z]+)?", README))))
def test_every_dev_command_exists(line: str) -> None:
    """`./dev WORD` is a command of ./dev."""
    commands = runpy.run_path(str(ROOT / "dev"), run_name="dev")["COMMANDS"]
    word = line.removeprefix("./dev").strip()
    assert word in {*commands, "", "without"}


def test_the_two_commands_of_a_newcomer_come_first() -> None:
    """`./dev run` and `./dev test` are the first things to type."""
    assert shell_lines()[:2] == ["./dev run", "./dev test"]


def test_there_is_one_picture() -> None:
    """One picture of the path, as text that can be reviewed."""
    assert len(blocks("mermaid")) == 1


def test_the_rules_example_loads_and_passes_its_own_tests(tmp_path: Path) -> None:
    """The rule file shown is a rule file, and its test cases hold."""
    (found,) = [block for block in blocks("yaml") if block.startswith("rules:")]
    file = tmp_path / "rules.yaml"
    file.write_text(found, encoding="utf-8")
    results = run_tests(load_rules(file))
    assert [result.passed for result in results] == [True]


def test_the_nodes_example_loads() -> None:
    """The nodes file shown is one, and has a sender, an archive and a reader."""
    (found,) = [block for block in blocks("yaml") if block.startswith("nodes:")]
    directory = NodeDirectory.from_text(found, "README.md")
    assert {role for node in directory for role in node.roles} == set(Role)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(GATEWAY_[A-Z_]+)`", README))))
def test_every_variable_named_is_understood(name: str, tmp_path: Path) -> None:
    """A variable of the README changes a setting."""
    value = "11113" if name.endswith("PORT") else "sqlite:///elsewhere.sqlite"
    if name.endswith("_FILE"):
        (tmp_path / "secret").write_text(value, encoding="utf-8")
        value = str(tmp_path / "secret")
    assert gateway_settings.load(None, {name: value}) != gateway_settings.load(None, {})


def test_every_link_leads_to_a_file() -> None:
    """Relative links are not broken, and there is no other kind: the README is read on machines without a network."""
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`([\w./-]+/|docker/[\w.]+|gateway/[\w.]+\.py)`", README)))
)
def test_every_file_named_exists(path: str) -> None:
    """Folders and files that the text names are in the repository."""
    assert (ROOT / path).exists() or path.startswith("rules")


@pytest.mark.parametrize("address", sorted(set(re.findall(r"`(/[a-z]+)`", README))))
def test_every_web_address_named_is_served(address: str) -> None:
    """A path of the README is a route of the web application."""
    routes = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "gateway" / "web").rglob("*.py"))
    assert f'"{address}"' in routes
