"""What README.md and the manual say can be done: their commands exist, their examples load, what they name is there."""

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
from gateway import settings_file
from gateway.cli import app
from gateway.privacy.profile.profile import load_profile
from routing_rules.rule_files import load_rules, run_tests
from routing_rules.series.vendor_facts import standard_vendor_facts
from support.documentation import DOCUMENTATION, README, ROOT, blocks, links


def shell_lines() -> list[str]:
    """Every command line of the shell blocks, without its comment."""
    lines = (line.split(" #")[0] for block in blocks("sh") for line in block.splitlines())
    return [command.strip() for line in lines for command in line.split("&&") if command.strip()]


def gateway_lines() -> list[str]:
    """Every `gateway ...` that people are told to type, in blocks and in the text."""
    inline = re.findall(r"`(gateway [^`]+)`", DOCUMENTATION)
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


@pytest.mark.parametrize("line", sorted(set(re.findall(r"\./dev(?: [a-z]+)?", DOCUMENTATION))))
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
    directory = NodeDirectory.from_text(found, "nodes.yaml")
    assert {role for node in directory for role in node.roles} == set(Role)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(GATEWAY_[A-Z_]+)`", DOCUMENTATION))))
def test_every_variable_named_is_understood(name: str, tmp_path: Path) -> None:
    """A variable of the manual changes a setting."""
    value = "11113" if name.endswith("PORT") else "sqlite:///elsewhere.sqlite"
    if name.endswith("_FILE"):
        (tmp_path / "secret").write_text(value, encoding="utf-8")
        value = str(tmp_path / "secret")
    assert settings_file.load(None, {name: value}) != settings_file.load(None, {})


def test_every_link_leads_to_a_file() -> None:
    """Relative links are not broken, and there is no other kind: the README is read on machines without a network."""
    found = links(README)
    assert found
    assert [link for link in found if not (ROOT / link).exists()] == []


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`([\w./-]+/|docker/[\w.]+|gateway/[\w.]+\.py)`", DOCUMENTATION)))
)
def test_every_file_named_exists(path: str) -> None:
    """Folders and files that the text names are in the repository."""
    assert (ROOT / path).exists() or path.startswith("rules")


@pytest.mark.parametrize("address", sorted(set(re.findall(r"`(/[a-z]+)`", DOCUMENTATION))))
def test_every_web_address_named_is_served(address: str) -> None:
    """A path of the manual is a route of the web application."""
    routes = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "gateway" / "web").rglob("*.py"))
    assert f'"{address}"' in routes


def test_the_profile_example_loads() -> None:
    """The profile shown is one that a site may use."""
    (found,) = [block for block in blocks("yaml") if block.startswith("name:")]
    assert load_profile("pml-read", found).name == "no-sex"


def test_the_example_of_vendor_facts_loads() -> None:
    """A scanner that writes something else is taught as shown."""
    (found,) = [block for block in blocks("yaml") if block.startswith("sequence_names:")]
    taught = standard_vendor_facts().extended_by(found, "vendor_facts.yaml")
    assert taught.meanings(("my_flair_3d",)) == {"spin_echo", "inversion"}
    assert taught.roles(("ADC_MAP_OF_OURS",)) == {"adc"}
