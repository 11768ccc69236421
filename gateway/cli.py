"""The command `gateway`: exit status 0 done, 1 refused or failed, 2 wrong usage."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from dicom_nodes.errors import NodeError
from gateway import __version__, logs
from gateway import settings as settings_module
from gateway.errors import GatewayError
from gateway.privacy.errors import PrivacyError
from gateway.settings import Settings
from routing_rules.errors import RuleError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    help="MRI second opinions for natalizumab surveillance: from a PACS push to a report back in that PACS.",
)
nodes_app = typer.Typer(no_args_is_help=True, help="The other systems.")
cases_app = typer.Typer(no_args_is_help=True, help="The cases and their journals.")
users_app = typer.Typer(no_args_is_help=True, help="Local accounts.")
rules_app = typer.Typer(no_args_is_help=True, help="The routing rules.")
report_app = typer.Typer(no_args_is_help=True, help="Reports as DICOM.")
app.add_typer(nodes_app, name="nodes")
app.add_typer(cases_app, name="cases")
app.add_typer(users_app, name="users")
app.add_typer(rules_app, name="rules")
app.add_typer(report_app, name="report")

out = Console()
err = Console(stderr=True)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="gateway.toml; without it the defaults and the environment.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def main() -> None:
    """Run the command line; errors made on purpose are printed with their fix, and nothing else."""
    try:
        app()
    except (GatewayError, NodeError, PrivacyError, RuleError) as error:
        err.print(f"[red]{_plain(error.problem)}[/red]\n{_plain(error.fix)}", soft_wrap=True)
        sys.exit(1)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def _settings(config: Path | None) -> Settings:
    if config is None and Path("gateway.toml").exists():
        config = Path("gateway.toml")
    loaded = settings_module.load(config)
    logs.configure(loaded.log)
    return loaded


def _fail(problem: str, fix: str = "") -> NoReturn:
    raise GatewayError(problem, fix)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        out.print(__version__)
        raise typer.Exit


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Where to write.")]) -> None:
    """Write a commented gateway.toml, nodes.yaml, rules and keys."""
    from gateway import scaffold

    for path in scaffold.init(folder):
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
    """Run the gateway: one supervised process for each role; SIGTERM drains and stops."""
    from gateway import assembly
    from gateway import serve as serving

    loaded = _settings(config)
    roles = role or list(serving.ROLES)
    unknown = [name for name in roles if name not in serving.ROLES]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is not a role; use {', '.join(serving.ROLES)}.")
    if config is None:
        assembly.make_keys(
            loaded
        )  # with a configuration, keys are made by `gateway init` and never silently anew
    if len(roles) == 1:
        serving.run_role(loaded, roles[0])
    else:
        serving.supervise(loaded, roles)


@app.command()
def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Name every problem of configuration, rules, nodes, database, disk and keys, each with its fix."""
    from gateway import checks

    problems = checks.check(_settings(config))
    if as_json:
        out.print_json(json.dumps([asdict(problem) for problem in problems]))
    for problem in [] if as_json else problems:
        mark = "[red]problem[/red]" if problem.severe else "[yellow]advice [/yellow]"
        out.print(f"{mark} {problem.where}: {_plain(problem.problem)} {_plain(problem.fix)}", soft_wrap=True)
    if any(problem.severe for problem in problems):
        raise typer.Exit(1)
    if not as_json:
        out.print("[green]Ready to serve.[/green]")


@app.command()
def migrate(config: ConfigOption = None) -> None:
    """Bring the database schema to this version's."""
    from gateway.records import migrations
    from gateway.records.database import Database

    migrations.upgrade(Database(_settings(config).storage.database))
    out.print("The schema is this version's.")


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Sign the phantom's report, verify what came back, and end.")
    ] = False,
    seconds: Annotated[float | None, typer.Option(help="End after this many seconds.")] = None,
) -> None:
    """Show the whole loop: hospital archive, gateway, reading site, report, and the SR back."""
    from gateway.demo import demo as demonstration

    raise typer.Exit(demonstration.run(once=once, seconds=seconds))


@nodes_app.command("list")
def nodes_list(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show every node."""
    from dicom_nodes.directory import NodeDirectory
    from dicom_nodes.node import DimseNode

    directory = NodeDirectory.from_file(_settings(config).files.nodes)
    rows = [
        {
            "name": node.name,
            "kind": "dimse" if isinstance(node, DimseNode) else "dicomweb",
            "where": f"{node.ae_title}@{node.host}:{node.port}" if isinstance(node, DimseNode) else node.url,
            "roles": ", ".join(sorted(node.roles)),
            "site": node.site,
        }
        for node in directory
    ]
    _print_rows(rows, as_json)


@nodes_app.command("echo")
def nodes_echo(name: str, config: ConfigOption = None) -> None:
    """C-ECHO or a DICOMweb ping."""
    from dicom_nodes.directory import NodeDirectory
    from dicom_nodes.sender import echo

    loaded = _settings(config)
    took = echo(NodeDirectory.from_file(loaded.files.nodes).get(name), calling_ae_title=loaded.dicom.ae_title)
    out.print(f"[green]{name} answered in {took * 1000:.0f} ms.[/green]")


@app.command()
def send(
    paths: list[Path],
    to: Annotated[str, typer.Option("--to", help="Name of the node.")],
    config: ConfigOption = None,
) -> None:
    """C-STORE or STOW-RS of files and folders."""
    from rich.progress import Progress

    from dicom_nodes.directory import NodeDirectory
    from dicom_nodes.outcomes import Outcome
    from dicom_nodes.sender import store
    from gateway.offline import outgoing

    loaded = _settings(config)
    node = NodeDirectory.from_file(loaded.files.nodes).get(to)
    files = outgoing(paths)
    if not files:
        _fail(
            f"There is no DICOM file in {', '.join(map(str, paths))}.",
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
    bad = [o for o in outcomes if o.outcome not in (Outcome.ACCEPTED, Outcome.WARNING)]
    out.print(f"{len(outcomes) - len(bad)} of {len(outcomes)} objects taken by {to}.")
    for outcome in bad[:20]:
        err.print(f"[red]{outcome.outcome}[/red] {_plain(outcome.detail)}")
    if bad:
        raise typer.Exit(1)


@app.command()
def classify(paths: list[Path], as_json: JsonOption = False) -> None:
    """Say what each series is, and why."""
    from gateway.offline import classified

    rows = classified(paths)
    if as_json:
        out.print_json(json.dumps(rows))
        return
    _print_rows(
        [{**row, "evidence": "; ".join(row["evidence"]), "files": len(row["files"])} for row in rows], False
    )


@rules_app.command("check")
def rules_check(paths: list[Path]) -> None:
    """Name every problem of rule files, with file and line."""
    from routing_rules.files import load_rules

    for path in paths:
        rules = load_rules(path)
        out.print(f"[green]{path}: {len(rules.rules)} rules, fingerprint {rules.fingerprint[:12]}.[/green]")


@rules_app.command("explain")
def rules_explain(
    study: Annotated[Path, typer.Argument(help="Folder with the study's DICOM files.")],
    rules: Annotated[Path, typer.Option(help="Rule file or folder.")] = Path("rules"),
    called: Annotated[str, typer.Option(help="Called AE title to assume.")] = "GATEWAY",
    calling: Annotated[str, typer.Option(help="Calling AE title to assume.")] = "",
) -> None:
    """Say for every rule why it did or did not fire."""
    from gateway.offline import facts_of
    from routing_rules.files import load_rules
    from routing_rules.matching import explain_text, match

    result = match(load_rules(rules).rules, facts_of([study], calling=calling, called=called))
    out.print(explain_text(result), soft_wrap=True, markup=False)
    if result.rule is None:
        raise typer.Exit(1)


@rules_app.command("test")
def rules_test(paths: list[Path]) -> None:
    """Run the test cases that stand beside the rules."""
    from routing_rules.files import load_rules, run_tests

    failed = 0
    for path in paths:
        for result in run_tests(load_rules(path)):
            failed += not result.passed
            out.print(
                f"ok     {result.name}"
                if result.passed
                else f"FAILED {result.name}: expected {result.expected}, matched {result.chosen}",
                markup=False,
            )
    if failed:
        raise typer.Exit(1)


@report_app.command("render")
def report_render(
    report: Annotated[Path, typer.Argument(help="A report as JSON.")],
    evidence: Annotated[Path, typer.Option(help="Folder with the study that was read.")],
    out_file: Annotated[Path, typer.Option("--out", help="Where to write the DICOM object.")],
    as_: Annotated[str, typer.Option("--as", help="enhanced, comprehensive, basic or pdf.")] = "enhanced",
) -> None:
    """Write a report as a DICOM object."""
    from gateway.offline import render_report

    render_report(report, evidence, out_file, as_)
    out.print(f"wrote {out_file}")


@app.command()
def deidentify(
    source: Annotated[Path, typer.Argument(metavar="IN")],
    target: Annotated[Path, typer.Argument(metavar="OUT")],
    profile: Annotated[str, typer.Option(help="Name of the profile.")] = "pml-read",
    manifest: Annotated[Path | None, typer.Option(help="Where to write what was done.")] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="pseudonym.key; without it a key for this run only.")
    ] = None,
    allow_held: Annotated[
        bool, typer.Option("--allow-held", help="Exit 0 although objects were held.")
    ] = False,
) -> None:
    """De-identify a file or folder with the pipeline's engine."""
    from gateway.offline import deidentify_folder

    if key_file is None:
        err.print(
            "[yellow]No --key-file: this run uses a key of its own, and its pseudonyms fit no other run.[/yellow]"
        )
    result = deidentify_folder(source, target, profile, key_file)
    if manifest is not None:
        manifest.write_text(json.dumps(result, indent=1), encoding="utf-8")
    held = [row for row in result["instances"] if row["output"] is None]
    out.print(f"{len(result['instances']) - len(held)} written, {len(held)} held.")
    for row in held[:20]:
        err.print(f"held: {_plain(row['reason'])}", soft_wrap=True)
    if held and not allow_held:
        raise typer.Exit(1)


@cases_app.command("list")
def cases_list(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show every case: pseudonyms only."""
    from gateway.records import queries

    with _gateway(config).database.read() as session:
        rows = [asdict(row) for row in queries.queue(session, _everything(), everything=True)]
    wanted = ("id", "pseudonym", "state", "referral", "readability", "site", "problem", "waiting_for")
    _print_rows([{name: row[name] for name in wanted} for row in rows], as_json)


@cases_app.command("show")
def cases_show(case_id: int, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print a case's journal."""
    from gateway.records import queries

    with _gateway(config).database.read() as session:
        page = queries.case_page(session, _everything(), case_id)
    if page is None:
        _fail(f"There is no case {case_id}.", "List them with: gateway cases list")
    if as_json:
        out.print_json(json.dumps(asdict(page), default=str))
        return
    out.print(f"Case {case_id}, {page.row.pseudonym}, {page.row.state}")
    if page.row.problem:
        out.print(f"[red]{_plain(page.row.problem)}[/red] {_plain(page.row.fix)}", soft_wrap=True)
    for line in page.journal:
        detail = ", ".join(f"{name} {value}" for name, value in line.detail.items())
        out.print(
            f"{line.at:%Y-%m-%d %H:%M:%S}  {line.who:<12} {line.what}  {detail}", markup=False, soft_wrap=True
        )


@cases_app.command("retry")
def cases_retry(case_id: int, config: ConfigOption = None) -> None:
    """Clear a case's problem and look at it now."""
    from gateway.records import ledger

    ledger.retry(_gateway(config).database, "case", case_id, "command line")
    out.print(f"Case {case_id} will be looked at now.")


@cases_app.command("park")
def cases_park(
    case_id: int,
    why: Annotated[str, typer.Option(help="The reason, without patient data.")],
    config: ConfigOption = None,
) -> None:
    """Stop a case until it is retried."""
    from gateway.records import ledger

    ledger.park_case(_gateway(config).database, case_id, "command line", why)
    out.print(f"Case {case_id} is parked.")


@cases_app.command("release")
def cases_release(case_id: int, config: ConfigOption = None) -> None:
    """Give back whoever's claim holds a case."""
    from gateway.records import ledger

    ledger.release_case(_gateway(config).database, case_id, 0, anybodys=True)
    out.print(f"Case {case_id} is free.")


@users_app.command("add")
def users_add(
    name: Annotated[str, typer.Argument(help="The login.")],
    role: Annotated[str, typer.Option(help="reader, lead, coordinator or admin.")],
    site: Annotated[str, typer.Option(help="Only this site's cases; without it every site's.")] = "",
    display_name: Annotated[str, typer.Option(help="Shown on pages and as the signature.")] = "",
    password_file: Annotated[
        Path | None, typer.Option(help="File with the password; without it you are asked.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Add a local account."""
    from gateway.records import accounts

    password = (
        password_file.read_text(encoding="utf-8").strip()
        if password_file
        else typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    accounts.add_user(_gateway(config).database, name, display_name, role, site, password)
    out.print(f"Added {name}.")


def _gateway(config: Path | None) -> Any:
    from gateway import assembly

    return assembly.open_gateway(_settings(config))


def _everything() -> Any:
    from gateway.records.accounts import Viewer

    return Viewer(0, "command line", "command line", "admin", "")


def _print_rows(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        out.print_json(json.dumps(rows, default=str))
        return
    table = Table(*(rows[0] if rows else ["nothing here"]))
    for row in rows:
        table.add_row(*(_plain(str(value)) for value in row.values()))
    out.print(table)
