"""How commands read their settings and print: shared by all of them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console

from gateway.errors import GatewayError

if TYPE_CHECKING:
    from gateway.settings import Settings

out = Console()
err = Console(stderr=True)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="gateway.toml; without it the defaults and the environment.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def plain(text: str) -> str:
    """Text in which nothing is mark-up."""
    return text.replace("[", r"\[")


def settings_of(config: Path | None) -> Settings:
    """The settings a command works with; logs go where they say."""
    from gateway import logs, settings_file

    if config is None and Path("gateway.toml").exists():
        config = Path("gateway.toml")
    loaded = settings_file.load(config)
    logs.configure(loaded.log)
    return loaded


def fail(problem: str, fix: str = "") -> NoReturn:
    """End the command with exit status 1."""
    raise GatewayError(problem, fix)


MOST_LINES = 20
"""Files named on the terminal, one line each; JSON and manifests have all."""


def print_files(files: Sequence[tuple[Path | str, str]], where_all_are: str) -> None:
    """One line of trouble for each file, on the error output: which, and why."""
    for file, why in files[:MOST_LINES]:
        name = os.fsencode(file).decode("utf-8", "backslashreplace")  # a name need not be text
        err.print(f"{plain(name)}: {plain(why)}", soft_wrap=True)
    if len(files) > MOST_LINES:
        err.print(f"and {len(files) - MOST_LINES} more; {where_all_are}")


def print_json(value: object) -> None:
    """JSON for scripts, written as it is: what colours it takes, of ten thousand files, a minute and 700 MB."""
    typer.echo(
        json.dumps(value, indent=2, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace")
    )


def print_rows(rows: list[dict[str, Any]], as_json: bool) -> None:
    """A table for people, or JSON for scripts."""
    if as_json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table(*(rows[0] if rows else ["nothing here"]))
    for row in rows:
        table.add_row(*(plain(str(value)) for value in row.values()))
    out.print(table)
