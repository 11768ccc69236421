"""The command `gateway`: exit status 0 done, 1 refused or failed, 2 wrong usage.

commands  which module has which command
service   init, serve, check, migrate, demo      files   classify, deidentify, report
nodes     nodes, send                            rules   rules
records   cases, users                           privacy    vault, forget, readmit
surveillance  surveillance                       replies    replies
terminal  what all of them share
"""

from __future__ import annotations

import sys
from typing import Annotated

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
    """Run the command line; errors made on purpose are printed with their fix, and nothing else."""
    try:
        app()
    except ExplainedError as error:
        from gateway.cli.terminal import err, plain

        err.print(f"[red]{plain(error.problem)}[/red]\n{plain(error.fix)}", soft_wrap=True)
        sys.exit(1)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit
