"""Which module has which command: help and completion of them all read this table and import none of those modules.

A command module defines its options at the top and imports what it works with inside its functions, so that
`gateway X --help` costs no more than the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer.main
from typer.core import TyperCommand, TyperGroup

MODULES: dict[str, dict[str, str]] = {
    "service": {
        "init": "Write a commented gateway.toml, nodes.yaml, rules, an example profile, and keys.",
        "serve": "Run the gateway: one supervised process for each role, several receivers; SIGTERM drains and stops.",
        "check": "Name every problem of configuration, rules, nodes, database, disk and keys, each with its fix.",
        "migrate": "Bring the database schema to this version's.",
        "demo": "Show the whole loop: hospital archive, gateway, reading site, report, and the SR back.",
    },
    "nodes": {
        "nodes": "The other systems.",
        "send": "C-STORE or STOW-RS of files and folders; a file that cannot be sent is named, and the others go.",
    },
    "files": {
        "classify": "Say what each series is, and why; with the site's own vendor facts, where it has any.",
        "deidentify": "De-identify a file or folder with the pipeline's engine; needs no database.",
        "report": "Reports as DICOM.",
    },
    "rules": {
        "rules": "The routing rules.",
    },
    "records": {
        "cases": "The cases and their journals.",
    },
    "users": {
        "users": "Local accounts.",
    },
    "clients": {
        "clients": "Programs that call with a token of their own.",
    },
    "replies": {
        "replies": "What reading sites sent back by DICOM.",
    },
    "surveillance": {
        "surveillance": "Who needs a surveillance MRI when.",
    },
    "audit": {
        "audit": "The audit trail: its key, its proof, and the trail as a file.",
    },
    "privacy": {
        "vault": "The keys that identities are sealed with.",
        "forget": "Forget a patient: identity, images, report and every original UID; the numbers of the cases stay.",
        "readmit": "Let a forgotten patient be known again: the study goes on, what was forgotten stays so.",
    },
}
"""For each module of this package its commands and groups, each with its help in one line."""

HELP = {name: help_text for commands in MODULES.values() for name, help_text in commands.items()}
_MODULE_OF = {name: module for module, commands in MODULES.items() for name in commands}


class Loaded(Mapping[str, Any]):
    """Every command by its name; to take one imports the module it is in."""

    def __getitem__(self, name: str) -> Any:
        module = import_module(f"gateway.cli.{_MODULE_OF[name]}")
        return typer.main.get_group(module.app).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(HELP)

    def __len__(self) -> int:
        return len(HELP)


class Commands(TyperGroup):
    """The group of all commands; `commands` has them whole."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: Any = Loaded()

    def get_params(self, ctx: Any) -> list[Any]:
        """The options before a command; those of typer's own that have no default get one, because only to convert
        nothing to a bool typer imports pydantic."""
        parameters: list[Any] = super().get_params(ctx)
        for parameter in parameters:
            if parameter.default is None and parameter.is_bool_flag:
                parameter.default = False
        return parameters

    def list_commands(self, _ctx: Any) -> list[str]:
        """The names, in the order of the table."""
        return list(HELP)

    def get_command(self, _ctx: Any, cmd_name: str) -> TyperCommand | None:
        """What a list of commands shows of one: its name and its line of help."""
        return TyperCommand(cmd_name, help=HELP[cmd_name]) if cmd_name in HELP else None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command itself, which will be run or completed."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, None if name is None else self.commands[name], rest
