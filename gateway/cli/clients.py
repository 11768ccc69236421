"""Commands on programs that call with a token."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from gateway.cli.own_gateway import opened, who
from gateway.cli.terminal import ConfigOption, JsonOption, err, out, print_rows

app = typer.Typer()
clients_app = typer.Typer(no_args_is_help=True, help="Programs that call with a token of their own.")
app.add_typer(clients_app, name="clients")

DAYS = 365


@clients_app.command("add")
def clients_add(
    name: Annotated[str, typer.Argument(help="What the program is called here, as scanner-north.")],
    scope: Annotated[list[str], typer.Option(help="What its token is for: stow. May be given again.")],
    node: Annotated[str, typer.Option(help="The node of nodes.yaml that it acts for.")] = "",
    site: Annotated[str, typer.Option(help="The site it uploads for, where it acts for no node.")] = "",
    days: Annotated[int, typer.Option(help="Days until the token expires.")] = DAYS,
    config: ConfigOption = None,
) -> None:
    """Give a program a token, printed once and kept only as a hash; without --days it expires after a year."""
    from gateway.records import ledger

    gateway = opened(config)
    if node:
        gateway.directory().get(node)
    token = ledger.add_client(gateway.database, name, scope, node, site, timedelta(days=days), who())
    err.print(f"The token of {name}, shown this once:")
    typer.echo(token)


@clients_app.command("list")
def clients_list(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show every program: what its token is for, until when, and when it was used last."""
    from gateway.records import credentials

    database = opened(config).database
    with database.read() as session:
        rows, now = credentials.clients(session), database.now(session)
    print_rows(
        [
            {
                "name": row.name,
                "state": row.state(now),
                "scopes": " ".join(row.scopes),
                "node": row.node,
                "site": row.site,
                "expires_at": row.expires_at.isoformat(timespec="seconds"),
                "last_used_at": row.last_used_at.isoformat(timespec="seconds") if row.last_used_at else "",
                "last_address": row.last_address,
            }
            for row in rows
        ],
        as_json,
    )


@clients_app.command("revoke")
def clients_revoke(
    name: Annotated[str, typer.Argument(help="The program.")], config: ConfigOption = None
) -> None:
    """End a program's token at once."""
    from gateway.records import ledger

    ledger.revoke_client(opened(config).database, name, who())
    out.print(f"The token of {name} is revoked.")
