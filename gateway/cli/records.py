"""Commands on cases."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from gateway.cli.own_gateway import opened, whole_gateway
from gateway.cli.terminal import ConfigOption, JsonOption, fail, out, plain, print_rows

app = typer.Typer()
cases_app = typer.Typer(no_args_is_help=True, help="The cases and their journals.")
app.add_typer(cases_app, name="cases")


@cases_app.command("list")
def cases_list(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show every case: pseudonyms only."""
    from gateway.records.views.queue import every_case

    with opened(config).database.read() as session:
        rows = [asdict(row) for row in every_case(session, whole_gateway())]
    wanted = (
        "id",
        "pseudonym",
        "state",
        "referral",
        "readability",
        "overruled",
        "site",
        "problem",
        "waiting_for",
    )
    print_rows([{name: row[name] for name in wanted} for row in rows], as_json)


@cases_app.command("show")
def cases_show(case_id: int, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print a case's journal."""
    from gateway.records.views import case_rows

    with opened(config).database.read() as session:
        page = case_rows.case_page(session, whole_gateway(), case_id)
    if page is None:
        fail(f"There is no case {case_id}.", "List them with: gateway cases list")
    if as_json:
        out.print_json(json.dumps(asdict(page), default=str))
        return
    out.print(f"Case {case_id}, {page.row.pseudonym}, {page.row.state}")
    if page.row.problem:
        out.print(f"[red]{plain(page.row.problem)}[/red] {plain(page.row.fix)}", soft_wrap=True)
    for line in page.journal:
        detail = ", ".join(f"{name} {value}" for name, value in line.detail.items())
        out.print(
            f"{line.at:%Y-%m-%d %H:%M:%S}  {line.who:<12} {line.what}  {detail}", markup=False, soft_wrap=True
        )


@cases_app.command("retry")
def cases_retry(case_id: int, config: ConfigOption = None) -> None:
    """Clear a case's problem and look at it now."""
    from gateway.records import ledger

    ledger.retry(opened(config).database, "case", case_id, "command line")
    out.print(f"Case {case_id} will be looked at now.")


@cases_app.command("park")
def cases_park(
    case_id: int,
    why: Annotated[str, typer.Option(help="The reason, without patient data.")],
    config: ConfigOption = None,
) -> None:
    """Stop a case until it is retried."""
    from gateway.records import ledger

    ledger.park_case(opened(config).database, case_id, "command line", why)
    out.print(f"Case {case_id} is parked.")


@cases_app.command("release")
def cases_release(case_id: int, config: ConfigOption = None) -> None:
    """Give back whoever's claim holds a case."""
    from gateway.records import ledger

    ledger.release_case(opened(config).database, case_id, 0, anybodys=True)
    out.print(f"Case {case_id} is free.")
