"""Commands on local accounts."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.own_gateway import opened, who
from gateway.cli.terminal import ConfigOption, JsonOption, fail, out, print_rows

if TYPE_CHECKING:
    from gateway.assembly.gateway import Gateway
    from gateway.records.views.account_rows import AccountRow

app = typer.Typer()
users_app = typer.Typer(no_args_is_help=True, help="Local accounts.")
app.add_typer(users_app, name="users")

Login = Annotated[str, typer.Argument(metavar="NAME", help="The login.")]
EverySite = Annotated[bool, typer.Option("--every-site", help="Sees every site's cases.")]


@users_app.command("list")
def users_list(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show every account: role, site, last sign-in, open sessions, second factor."""
    from gateway.records.views import account_rows

    gateway = opened(config)
    with gateway.database.read() as session:
        now = gateway.database.now(session)
        rows = account_rows.accounts(session, now, _idle(gateway))
    print_rows([_told(row) for row in rows], as_json)


@users_app.command("add")
def users_add(
    name: Login,
    role: Annotated[str, typer.Option(help="reader, lead, coordinator or admin.")],
    site: Annotated[str, typer.Option(help="Sees only this site's cases; a coordinator has one.")] = "",
    every_site: EverySite = False,
    display_name: Annotated[str, typer.Option(help="Shown on pages and as the signature.")] = "",
    password_file: Annotated[
        Path | None, typer.Option(help="File with the password; without it you are asked.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Add a local account: reader, lead, coordinator or admin, of one site or, said so, of every site."""
    from gateway.records import ledger
    from gateway.records.ledger.persons.accounts import check_scope

    check_scope(ledger.Scope(role, site.strip(), every_site))  # before anybody types a password
    password = (
        password_file.read_text(encoding="utf-8").strip()
        if password_file
        else typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    database = opened(config).database
    ledger.add_user(database, name, display_name, role, site, password, who(), every_site=every_site)
    out.print(f"Added {name}.", markup=False)


@users_app.command("disable")
def users_disable(name: Login, config: ConfigOption = None) -> None:
    """Let nobody sign in with an account any more; its sessions end at once."""
    from gateway.records import credentials, ledger

    gateway = opened(config)
    credentials.check_not_for_emergencies(name, gateway.settings.oidc.break_glass)
    ledger.disable_account(gateway.database, _account(gateway, name).id, who())
    out.print(f"{name} is disabled, and its sessions have ended.", markup=False)


@users_app.command("enable")
def users_enable(name: Login, config: ConfigOption = None) -> None:
    """Let a disabled account sign in again."""
    from gateway.records import ledger

    gateway = opened(config)
    ledger.enable_account(gateway.database, _account(gateway, name).id, who())
    out.print(f"{name} may sign in again.", markup=False)


@users_app.command("set")
def users_set(
    name: Login,
    role: Annotated[str, typer.Option(help="reader, lead, coordinator or admin.")] = "",
    site: Annotated[str, typer.Option(help="Sees only this site's cases.")] = "",
    every_site: EverySite = False,
    config: ConfigOption = None,
) -> None:
    """Give an account another role or site; its sessions end. What is not named stays."""
    from gateway.records import credentials, ledger

    gateway = opened(config)
    account = _account(gateway, name)
    if not (role or site or every_site):
        fail("Nothing is to be changed.", "Name --role, --site or --every-site.")
    scope = ledger.Scope(
        role or account.role,
        site.strip() if site or every_site else account.site,
        every_site or (account.every_site and not site),
    )
    if scope != ledger.Scope("admin", every_site=True):
        credentials.check_not_for_emergencies(name, gateway.settings.oidc.break_glass)
    ledger.change_account(gateway.database, account.id, scope, who())
    out.print(f"{name} is {scope.role} of {scope.site or 'every site'}.", markup=False)


@users_app.command("reset")
def users_reset(
    name: Login,
    second_factor: Annotated[
        bool, typer.Option("--second-factor", help="Take the second factor away, too.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Print a link that sets a new password, once; hand it over where nobody else reads."""
    from gateway.records import ledger

    gateway = opened(config)
    account, settings = _account(gateway, name), gateway.settings
    secret = ledger.make_reset_link(
        gateway.database,
        account.id,
        timedelta(hours=settings.web.reset_hours),
        who(),
        with_factor=second_factor,
    )
    out.print(f"{settings.notify.link.rstrip('/')}/reset#{secret}", markup=False, soft_wrap=True)
    out.print(
        f"It works once, for {settings.web.reset_hours:g} hours; the present password works until then.",
        soft_wrap=True,
    )


@users_app.command("sessions")
def users_sessions(name: Login, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the open sessions of an account: from where, with what, since when, last used."""
    from gateway.records.views import account_rows

    gateway = opened(config)
    account = _account(gateway, name)
    with gateway.database.read() as session:
        now = gateway.database.now(session)
        rows = account_rows.sessions(session, account.id, now, _idle(gateway))
    print_rows(
        [{key: value for key, value in asdict(row).items() if key != "is_own"} for row in rows], as_json
    )


@users_app.command("end-sessions")
def users_end_sessions(name: Login, config: ConfigOption = None) -> None:
    """End every open session of an account."""
    from gateway.records import ledger

    gateway = opened(config)
    ended = ledger.end_sessions(gateway.database, _account(gateway, name).id, who())
    out.print(f"Ended {ended} sessions of {name}.", markup=False)


def _account(gateway: Gateway, login: str) -> AccountRow:
    from gateway.records.views import account_rows

    with gateway.database.read() as session:
        now = gateway.database.now(session)
        account = account_rows.account_of(session, now, _idle(gateway), login=login)
    if account is None:
        fail(f"There is no account {login!r}.", "List them with: gateway users list")
    return account


def _idle(gateway: Gateway) -> timedelta:
    return timedelta(minutes=gateway.settings.web.idle_minutes)


def _told(row: AccountRow) -> dict[str, object]:
    return {
        "login": row.login,
        "name": row.display_name,
        "role": row.role,
        "site": "every site" if row.every_site else row.site or "none: sees nothing",
        "state": "disabled" if row.disabled else "enabled",
        "second_factor": row.second_factor,
        "last_sign_in": row.last_sign_in_at,
        "sessions": row.sessions,
    }
