"""The command `gateway`: exit status 0 done, 1 refused or failed, 2 wrong usage.

commands  which module has which command
service   init, serve, check, migrate, demo      files   classify, deidentify, report
nodes     nodes, send                            rules   rules
records   cases                                  privacy    vault, forget, readmit
users     users                                  replies    replies
surveillance  surveillance                       clients    clients
audit     audit
own_gateway  the gateway a command works on      terminal  what all of them print and read
"""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from dicom_nodes.explained_error import ExplainedError
from gateway import __version__
from gateway.cli.commands import Commands

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    help="MRI second opinions for natalizumab surveillance: from a PACS push to a report back in that PACS.",
)


def main() -> None:
    """Run the command line; errors made on purpose, and files that cannot be used, are printed with their fix."""
    try:
        app()
    except ExplainedError as error:
        _end(error.problem, error.fix)
    except OSError as error:
        if error.filename is None:
            raise
        _end(f"{error.filename}: {error.strerror}.", "Correct the name of the file, or its permissions.")


def _end(problem: str, fix: str) -> NoReturn:
    from gateway.cli.terminal import err, plain

    err.print(f"[red]{plain(problem)}[/red]\n{plain(fix)}", soft_wrap=True)
    sys.exit(1)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit
