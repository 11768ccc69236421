"""The table of commands: it is complete and true, and help and completion read nothing else."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
import typer.main

import gateway.cli
from gateway import __version__
from gateway.cli import app, files, nodes, privacy, records, replies, rules, service, surveillance
from gateway.cli.commands import HELP, MODULES
from support.command_line import Command, command
from support.fresh_process import imported_by, loaded

__all__ = ["command"]

HEAVY = (
    "pydicom",
    "numpy",
    "PIL",
    "sqlalchemy",
    "sqlmodel",
    "fastapi",
    "starlette",
    "highdicom",
    "pynetdicom",
    "dicomweb_client",
    "cryptography",
    "structlog",
    "yaml",
    "gateway.settings",
)
"""What a question about the commands themselves never needs."""
WITH_COMMANDS = (service, nodes, files, rules, records, replies, surveillance, privacy)


def called(*arguments: str) -> str:
    """A program that runs these commands one after another."""
    return (
        "import sys\n"
        "from gateway import cli\n"
        f"for words in {[argument.split() for argument in arguments]!r}:\n"
        "    sys.argv[1:] = words\n"
        "    try:\n"
        "        cli.main()\n"
        "    except SystemExit as left:\n"
        "        assert left.code in (0, None), words\n"
    )


def every_command() -> list[str]:
    """Every group and command, as words after `gateway`."""
    words: list[str] = []
    waiting = [("", typer.main.get_command(app))]
    while waiting:
        before, parent = waiting.pop()
        for name, child in getattr(parent, "commands", {}).items():
            words.append(f"{before}{name}")
            waiting.append((f"{before}{name} ", child))
    return words


@pytest.mark.parametrize("module", WITH_COMMANDS, ids=lambda module: module.__name__)
def test_the_table_has_what_the_module_has(module: ModuleType) -> None:
    """The same commands, and of each the line of help that itself shows."""
    group = typer.main.get_group(module.app)
    own = {name: command.get_short_help_str(1000).rstrip(".") for name, command in group.commands.items()}
    table = MODULES[module.__name__.rpartition(".")[2]]
    assert {name: line.rstrip(".") for name, line in table.items()} == own


def test_every_module_with_commands_is_in_the_table() -> None:
    """A new module whose commands nobody could call would be noticed here."""
    folder = Path(gateway.cli.__file__).parent
    found = {path.stem for path in folder.glob("*.py") if "\napp = typer.Typer()" in path.read_text()}
    assert found == set(MODULES)


def test_help_of_all_commands_and_the_version_import_the_terminal_alone() -> None:
    """No command's module, no library that only a running command needs, and pydantic neither."""
    modules = imported_by(called("--help", "--version"))
    assert loaded((*HEAVY, "pydantic", *(f"gateway.cli.{module}" for module in MODULES)), modules) == []


def test_help_of_each_command_imports_nothing_that_only_running_it_needs() -> None:
    """Of every group and every command, asked one after another in one process."""
    words = every_command()
    assert {"nodes echo", "deidentify", "rules replay"} <= set(words)
    assert loaded(HEAVY, imported_by(called(*(f"{word} --help" for word in words)))) == []


@pytest.mark.parametrize(
    ("line", "offered"),
    [("gateway re", "replies"), ("gateway nodes ", "echo"), ("gateway serve --", "--role")],
)
def test_shell_completion_imports_nothing_that_only_running_needs(line: str, offered: str) -> None:
    """What TAB asks of the commands, of a group and of a command's options."""
    environ = {
        "_GATEWAY_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
    }
    program = (
        "import contextlib, io, sys\n"
        "from gateway.cli import app\n"
        "sys.argv = ['gateway']\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as said:\n"
        "    app(prog_name='gateway')\n"
        f"assert {offered!r} in said.getvalue().split()\n"
    )
    assert loaded(HEAVY, imported_by(program, environ)) == []


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        ("init .", ("sqlalchemy", "pynetdicom", "fastapi", "highdicom")),
        ("rules test rules", ("sqlalchemy", "pynetdicom", "fastapi", "highdicom")),
        ("nodes list", ("sqlalchemy", "pydicom", "numpy", "fastapi", "highdicom")),
        ("migrate", ("pydicom", "numpy", "pynetdicom", "fastapi", "highdicom")),
        ("cases list", ("pynetdicom", "fastapi", "highdicom", "dicomweb_client")),
    ],
)
def test_a_command_imports_only_what_it_works_with(
    command: Command, tmp_path: Path, arguments: str, unneeded: tuple[str, ...]
) -> None:
    """Run in a folder that has a configuration."""
    command("init", ".")
    assert loaded(unneeded, imported_by(called(arguments), folder=tmp_path)) == []


def test_a_command_that_does_not_exist_is_answered_with_one_that_does(command: Command) -> None:
    """Exit status 2, and the name that was probably meant."""
    code, said = command("node")
    assert code == 2
    assert "nodes" in said


def test_nothing_at_all_is_answered_with_the_list(command: Command) -> None:
    """`gateway` alone shows every command with its line of help; wrong usage, as of any group."""
    code, said = command()
    assert code == 2
    for name, line in HELP.items():
        assert any(row.split()[1:2] == [name] and line in row for row in said.splitlines()), name


def test_the_version_is_the_packages(command: Command) -> None:
    """One line, for scripts."""
    assert command("--version") == (0, f"{__version__}\n")
