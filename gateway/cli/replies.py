"""Commands on what reading sites sent back."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.own_gateway import opened, whole_gateway
from gateway.cli.terminal import ConfigOption, JsonOption, out, print_rows

app = typer.Typer()
replies_app = typer.Typer(no_args_is_help=True, help="What reading sites sent back by DICOM.")
app.add_typer(replies_app, name="replies")


@replies_app.command("list")
def replies_list(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the newest objects, those that are held first."""
    from gateway.records.views import reply_rows

    with opened(config).database.read() as session:
        rows = [vars(row) for row in reply_rows.newest(session, whole_gateway())]
    wanted = ("id", "kind", "node", "state", "case_id", "pseudonym", "problem", "fix", "waiting_for")
    print_rows([{name: row[name] for name in wanted} for row in rows], as_json)


@replies_app.command("retry")
def replies_retry(reply_id: int, config: ConfigOption = None) -> None:
    """Look at a held object again, after the cause was mended."""
    from gateway.records import ledger

    ledger.retry(opened(config).database, "reply", reply_id, "command line")
    out.print(f"Object {reply_id} will be looked at now.")


@replies_app.command("discard")
def replies_discard(
    reply_id: int,
    why: Annotated[str, typer.Option(help="The reason, without patient data.")],
    config: ConfigOption = None,
) -> None:
    """Decide that an object goes nowhere."""
    from gateway.records import ledger

    ledger.discard_reply(opened(config).database, reply_id, "command line", why)
    out.print(f"Object {reply_id} is discarded.")
