"""What people set, type, meet and call: settings, commands, roles, states, facts, operators and addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

import typer.main
from fastapi.routing import APIRoute

from gateway.cli import app
from gateway.lifecycle import (
    CASE_MOVES,
    CONFLICT_MOVES,
    REPLY_MOVES,
    RESULT_MOVES,
    STUDY_MOVES,
    CaseState,
    ConflictState,
    ReplyState,
    ResultState,
    StudyState,
)
from gateway.pipeline.step_table import STEPS
from gateway.settings import Settings
from gateway.web.application import ROUTERS
from gateway.web.foundation.rights import ROLE_RIGHTS, Right
from reference.docstrings import of_members, summary
from reference.marks import table
from routing_rules.conditions import AllOf, AnyOf, Not
from routing_rules.expectations import FITS, Operator
from routing_rules.fact_table import FACTS

SAID_ONCE = {"--config", "--help"}
"""Options that nearly every command has: the page explains them at its top."""
VALUES = {"Path": "PATH", "int": "N", "float": "N", "str": "TEXT"}


def settings() -> str:
    """Every setting with its default and meaning."""
    rows = []
    for name, section in Settings.model_fields.items():
        for key, setting in getattr(section.annotation, "model_fields", {}).items():
            default = "" if setting.default in (None, "") else f"`{_as_typed(setting.default)}`"
            rows.append((f"`{name}.{key}`", default, setting.description))
    return table(("setting", "default", "what it is"), rows)


def _as_typed(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return str(value).lower() if isinstance(value, bool) else value


def commands() -> str:
    """Every command in one line."""
    return table(("command", "does"), ((f"`{usage}`", said) for usage, said, _ in _commands()))


def command_options() -> str:
    """Every command with its arguments and options."""
    parts = []
    for usage, said, parameters in _commands():
        parts.append(f"### `{usage}`\n\n{said}")
        rows = [_option(one) for one in parameters if one.help and not set(one.opts) & SAID_ONCE]
        if rows:
            parts.append(table(("argument or option", "meaning"), rows))
    return "\n\n".join(parts)


def _commands() -> Iterator[tuple[str, str, list[Any]]]:
    """Usage, meaning and parameters of each command, in the order of the groups."""

    def below(words: str, command: Any) -> Iterator[tuple[str, str, list[Any]]]:
        children: Mapping[str, Any] = getattr(command, "commands", {})
        for name, child in children.items():
            yield from below(f"{words} {name}", child)
        if not children and not command.hidden:
            taken = [_argument(one) for one in command.params if one.param_type_name == "argument"]
            yield " ".join([words, *taken]), " ".join(command.help.split()), command.params

    return below("gateway", typer.main.get_command(app))


def _argument(parameter: Any) -> str:
    return (parameter.metavar or parameter.name.upper()) + ("..." if parameter.nargs == -1 else "")


def _option(parameter: Any) -> tuple[str, str]:
    if parameter.param_type_name == "argument":
        return f"`{_argument(parameter)}`", parameter.help
    kind = parameter.type_descriptor.annotation
    kind = getattr(kind, "__args__", (kind,))[0]  # of a list: what it holds; of a choice: the first
    value = "" if parameter.is_flag else f" {parameter.metavar or VALUES[kind.__name__]}"
    needed = " Must be given." if parameter.required else ""
    default = parameter.default
    told = f" Without it: `{default}`." if default and not parameter.is_flag else ""
    return f"`{parameter.opts[0]}{value}`", f"{parameter.help}{needed}{told}"


def roles() -> str:
    """What each role of an account may do."""
    rows = [
        (right.value, *("yes" if right in ROLE_RIGHTS[role] else "" for role in ROLE_RIGHTS))
        for right in Right
    ]
    return table(("may", *ROLE_RIGHTS), rows)


def _states(
    unit: str, headings: tuple[str, str], states: type[StrEnum], moves: Mapping[Any, Iterable[Any]]
) -> str:
    meanings = of_members(states)
    rows = []
    for state in states:
        step = STEPS.get((unit, state))
        reached = [f"`{one}`" for one in states if one in moves[state]]
        rows.append((f"`{state}`", meanings[state], f"`{step.__name__}`" if step else "", ", ".join(reached)))
    return table((*headings, "step", "may become"), rows)


def study_states() -> str:
    """The states of a study."""
    return _states("study", ("study", "meaning"), StudyState, STUDY_MOVES)


def case_states() -> str:
    """The states of a case."""
    return _states("case", ("case", "meaning"), CaseState, CASE_MOVES)


def reply_states() -> str:
    """The states of an object that a reading site sent back."""
    return _states("reply", ("reply", "an object that a reading site sent back"), ReplyState, REPLY_MOVES)


def result_states() -> str:
    """The states of an object that a reading site sent back."""
    return _states(
        "result",
        ("result", "what a node is told that asked for storage commitment"),
        ResultState,
        RESULT_MOVES,
    )


def conflict_states() -> str:
    """The states of the question which of two versions of a study's objects stands."""
    return _states(
        "conflict", ("conflict", "two versions of a study's objects"), ConflictState, CONFLICT_MOVES
    )


def steps() -> str:
    """What each step does."""
    return table(
        ("step", "of a", "does"),
        ((f"`{step.__name__}`", unit, summary(step)) for (unit, _), step in STEPS.items()),
    )


def facts() -> str:
    """Every fact that a rule may ask for."""
    return table(
        ("fact", "kind", "what it is"), ((f"`{one.name}`", one.kind, one.meaning) for one in FACTS.values())
    )


def operators() -> str:
    """Every operator of a condition, and the groups."""
    meanings = of_members(Operator)
    rows = [(f"`{one}`", ", ".join(sorted(FITS[one])), meanings[one]) for one in Operator]
    groups = {"all": AllOf, "any": AnyOf, "not": Not}
    rows += [(f"`{name}`", "conditions", summary(group)) for name, group in groups.items()]
    return table(("operator", "for", "holds when"), rows)


def _routes(*, for_programs: bool) -> str:
    rows = [
        (f"`{method}`", f"`{route.path}`", summary(route.endpoint))
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.include_in_schema is for_programs
        for method in sorted(route.methods)
    ]
    return table(("method", "address", "does"), sorted(rows, key=lambda row: (row[1], row[0])))


def pages() -> str:
    """The addresses that a browser uses."""
    return _routes(for_programs=False)


def services() -> str:
    """The addresses for programs."""
    return _routes(for_programs=True)
