"""Commands that speak to other systems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.terminal import (
    MOST_LINES,
    ConfigOption,
    JsonOption,
    err,
    fail,
    out,
    plain,
    print_files,
    print_rows,
    settings_of,
)

if TYPE_CHECKING:
    from dicom_nodes.node import Node

app = typer.Typer()
nodes_app = typer.Typer(no_args_is_help=True, help="The other systems.")
app.add_typer(nodes_app, name="nodes")


def _where(node: Node) -> str:
    """Its web address, or each address with what is there."""
    from dicom_nodes.node import DimseNode

    if not isinstance(node, DimseNode):
        return node.url
    if len(node.service_addresses) == 1:
        return f"{node.ae_title}@{node.host}:{node.port}"
    return ", ".join(
        f"{'+'.join(services)} {address.ae_title}@{address.host}:{address.port}"
        for address, services in node.service_addresses.items()
    )


@nodes_app.command("list")
def nodes_list(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show every node."""
    from dicom_nodes.directory import NodeDirectory
    from dicom_nodes.node import DimseNode

    directory = NodeDirectory.from_file(settings_of(config).files.nodes)
    rows = [
        {
            "name": node.name,
            "kind": "dimse" if isinstance(node, DimseNode) else "dicomweb",
            "where": _where(node),
            "roles": ", ".join(sorted(node.roles)),
            "site": node.site,
        }
        for node in directory
    ]
    print_rows(rows, as_json)


@nodes_app.command("echo")
def nodes_echo(name: str, config: ConfigOption = None) -> None:
    """C-ECHO or a DICOMweb ping."""
    from dicom_nodes.directory import NodeDirectory
    from dicom_nodes.sender import echo

    loaded = settings_of(config)
    took = echo(NodeDirectory.from_file(loaded.files.nodes).get(name), calling_ae_title=loaded.dicom.ae_title)
    out.print(f"[green]{name} answered in {took * 1000:.0f} ms.[/green]")


@app.command()
def send(
    paths: list[Path],
    to: Annotated[str, typer.Option("--to", help="Name of the node.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """C-STORE or STOW-RS of files and folders; a file that cannot be sent is named, and the others go."""
    from rich.progress import Progress

    from dicom_nodes.directory import NodeDirectory
    from dicom_nodes.sender import store
    from gateway.files.dicom_file import shown
    from gateway.files.found_files import find_files
    from gateway.files.offline import outgoing

    loaded = settings_of(config)
    node = NodeDirectory.from_file(loaded.files.nodes).get(to)
    listing = find_files(paths)
    files = outgoing(listing)
    unused = [(file.path, file.reason) for file in listing.unused]
    if not files:
        print_files(unused, "none of them was sent.")
        fail(
            f"There is no DICOM file in {', '.join(map(str, paths))} that can be sent.",
            "Name files or folders with DICOM objects.",
        )
    with Progress(console=err) as progress:
        task = progress.add_task(f"to {to}", total=len(files))
        outcomes = store(
            node,
            files,
            calling_ae_title=loaded.dicom.ae_title,
            timeout_s=loaded.dicom.timeout,
            on_outcome=lambda _: progress.advance(task),
        )
    refused = [sent for sent in outcomes if not sent.outcome.delivered]
    if as_json:
        names = {file.sop_instance_uid: shown(file.path) for file in files}
        rows = [
            {
                "file": names[sent.sop_instance_uid],
                "outcome": str(sent.outcome),
                "detail": sent.detail,
                "fix": sent.fix,
            }
            for sent in outcomes
        ]
        rows += [
            {"file": shown(file), "outcome": "not sent", "detail": why, "fix": ""} for file, why in unused
        ]
        print_rows(rows, as_json)
    else:
        out.print(f"{len(outcomes) - len(refused)} of {len(outcomes)} objects taken by {to}.")
        for sent in refused[:MOST_LINES]:
            err.print(f"[red]{sent.outcome}[/red] {plain(sent.detail)} {plain(sent.fix)}")
        print_files(unused, "--json lists all.")
    if refused or listing.damaged:
        raise typer.Exit(1)
