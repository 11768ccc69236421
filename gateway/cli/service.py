"""Commands that make, run and look after a gateway."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.terminal import ConfigOption, JsonOption, out, plain, settings_of
from gateway.service.starting import importing

app = typer.Typer()


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to write.")],
    new_keys: Annotated[
        bool, typer.Option("--new-keys", help="Make missing keys beside a database that rests on lost ones.")
    ] = False,
) -> None:
    """Write a commented gateway.toml, nodes.yaml, rules, an example profile, and keys."""
    from gateway.service import scaffold

    for path in scaffold.init(folder, new_keys=new_keys):
        out.print(f"wrote {path}")
    out.print(
        f"Next: edit {folder}/nodes.yaml, then run: gateway check --config {folder}/gateway.toml",
        soft_wrap=True,
    )


@app.command()
def serve(
    config: ConfigOption = None,
    role: Annotated[
        list[str] | None, typer.Option(help="receiver, web or worker; several by repeating; without it all.")
    ] = None,
) -> None:
    """Run the gateway: one supervised process for each role, several receivers; SIGTERM drains and stops."""
    with importing():
        from gateway.service import serve as serving
        from gateway.service.supervisor import supervise

    loaded = settings_of(config)
    roles = role or list(serving.ROLES)
    unknown = [name for name in roles if name not in serving.ROLES]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is not a role; use {', '.join(serving.ROLES)}.")
    if len(roles) == 1 and roles[0] != serving.RECEIVER:
        serving.run_role(loaded, roles[0])
    else:
        supervise(loaded, roles)


@app.command()
def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Name every problem of configuration, rules, nodes, database, disk and keys, each with its fix."""
    from gateway.service import checks

    problems = checks.check(settings_of(config))
    if as_json:
        out.print_json(json.dumps([asdict(problem) for problem in problems]))
    for problem in [] if as_json else problems:
        severity = "[red]problem[/red]" if problem.severe else "[yellow]advice [/yellow]"
        out.print(
            f"{severity} {problem.where}: {plain(problem.problem)} {plain(problem.fix)}", soft_wrap=True
        )
    if any(problem.severe for problem in problems):
        raise typer.Exit(1)
    if not as_json:
        out.print("[green]Ready to serve.[/green]")


@app.command()
def migrate(config: ConfigOption = None) -> None:
    """Bring the database schema to this version's."""
    from gateway.assembly import gateway

    gateway.migrate(settings_of(config))
    out.print("The schema is this version's.")


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Sign the phantom's report, verify what came back, and end.")
    ] = False,
    seconds: Annotated[float | None, typer.Option(help="End after this many seconds.")] = None,
) -> None:
    """Show the whole loop: hospital archive, gateway, reading site, report, and the SR back."""
    with importing():
        from gateway.demo import demo as demonstration

    raise typer.Exit(demonstration.run(once=once, seconds=seconds))
