"""The documentation is complete: every command, setting, state, fact and operator of the code is in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from gateway.cli import app
from gateway.lifecycle import CaseState, ReplyState, StudyState
from gateway.privacy.profile.profile import load_profile
from gateway.records.accounts import ROLES
from gateway.settings import Settings
from routing_rules.expectations import Operator
from routing_rules.fact_table import FACTS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> Iterator[str]:
    """Every command of the command line, with the words that lead to it."""
    waiting: list[tuple[str, Any]] = [("gateway", typer.main.get_command(app))]
    while waiting:
        words, command = waiting.pop()
        children = getattr(command, "commands", {})
        waiting += [(f"{words} {name}", child) for name, child in children.items()]
        if not children and not command.hidden:
            yield words


def settings_rows() -> Iterator[str]:
    """The rows of README's table of settings, as the settings themselves say them."""
    for table, section in Settings.model_fields.items():
        for key, setting in getattr(section.annotation, "model_fields", {}).items():
            value = str(setting.default).lower() if isinstance(setting.default, bool) else setting.default
            default = "" if value is None else f"`{value}`"
            yield f"| `{table}.{key}` | {default} | {setting.description} |"


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_command_is_in_the_readme(command: str) -> None:
    """A row of the table of commands begins with it."""
    assert f"\n| `{command}`" in README or f"\n| `{command} " in README


@pytest.mark.parametrize("row", list(settings_rows()))
def test_every_setting_is_in_the_readme_with_its_default_and_meaning(row: str) -> None:
    """The table of settings has this row, word for word."""
    assert f"\n{row}\n" in README


def test_the_readme_has_no_setting_that_does_not_exist() -> None:
    """What was removed from the settings is removed from the table."""
    tables = tuple(f"| `{table}." for table in Settings.model_fields)
    assert {line for line in README.splitlines() if line.startswith(tables)} == set(settings_rows())


@pytest.mark.parametrize("state", [*StudyState, *CaseState])
def test_every_state_is_in_the_readme(state: str) -> None:
    """The picture shows it, and a table says what it means."""
    picture = README.split("```mermaid")[1].split("```")[0]
    assert state in picture
    assert f"\n| `{state}` |" in README


@pytest.mark.parametrize("state", ReplyState)
def test_every_state_of_a_reply_is_in_the_readme(state: str) -> None:
    """A table of its own says what it means."""
    table = README.split("| reply | an object")[1]
    assert f"\n| `{state}` |" in table


@pytest.mark.parametrize("operator", [*Operator, "all", "any", "not"])
def test_every_operator_of_a_rule_is_in_the_readme(operator: str) -> None:
    """The table of operators has it."""
    assert f"\n| `{operator}` |" in README


@pytest.mark.parametrize("fact", list(FACTS.values()), ids=list(FACTS))
def test_every_fact_a_rule_may_ask_for_is_in_the_readme(fact: Any) -> None:
    """The table of facts has it, with its kind and meaning."""
    assert f"\n| `{fact.name}` | {fact.kind} | {fact.meaning} |\n" in README


def test_the_conformance_statement_claims_what_the_profile_does() -> None:
    """PS3.15 E.1.1: the options with their codes, the SOP classes that leave, and what a person may release."""
    profile = load_profile()
    statement = (ROOT / "gateway" / "manual" / "conformance.md").read_text(encoding="utf-8")
    section = statement.split("### 9.4")[1]
    claimed = section.split("|---|---|")[1].split("\n\n")[0].strip().splitlines()
    assert claimed == [f"| {meaning} | {code} |" for code, meaning in profile.method_codes()]
    leave = [line for line in section.splitlines() if line.endswith("| de-identified |")]
    assert {line.split(", ")[1].split(" |")[0] for line in leave} == set(profile.sop_classes)
    released = {uid.removeprefix("1.2.840.10008.5.1.4.1.1") for uid in profile.releasable_sop_classes}
    assert released == {".7", ".7.1", ".7.2", ".7.3", ".7.4"}
    assert profile.releasable_reasons == {"burned-in-annotation", "screen-capture", "embedded-overlay"}


@pytest.mark.parametrize("role", ROLES)
def test_every_role_of_an_account_is_in_the_readme(role: str) -> None:
    """The row of `gateway users add` names it."""
    (row,) = (line for line in README.splitlines() if line.startswith("| `gateway users add"))
    assert role in row
