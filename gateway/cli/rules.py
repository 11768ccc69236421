"""Commands on routing rules: check, explain, test and replay them, publish a version, go back to another."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.terminal import (
    ConfigOption,
    JsonOption,
    err,
    fail,
    out,
    plain,
    print_files,
    print_json,
    print_rows,
    settings_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from routing_rules.versions import Publication

app = typer.Typer()
rules_app = typer.Typer(no_args_is_help=True, help="The routing rules.")
app.add_typer(rules_app, name="rules")
NoteOption = Annotated[str, typer.Option(help="Why, for the history.")]


@rules_app.command("check")
def rules_check(paths: list[Path], as_json: JsonOption = False) -> None:
    """Name every problem of rule files, with file and line, and rules that are shadowed or overlap."""
    from routing_rules.overlaps import findings
    from routing_rules.rule_files import load_rules

    rows, mistakes = [], 0
    for path in paths:
        rules = load_rules(path)
        findings_of_rules = findings(rules.rules)
        mistakes += sum(finding.relation.is_mistake for finding in findings_of_rules)
        rows += [
            {
                "where": rules.places.get(finding.rule_id, str(path)),
                "rule": finding.rule_id,
                "finding": finding.relation.value,
                "others": list(finding.others),
                "problem": finding.problem,
                "fix": finding.fix,
            }
            for finding in findings_of_rules
        ]
        if not as_json:
            out.print(
                f"[green]{path}: {len(rules.rules)} rules, fingerprint {rules.fingerprint[:12]}.[/green]"
            )
    if as_json:
        out.print_json(json.dumps(rows))
    for row in [] if as_json else rows:
        said = f"{row['where']}: {row['finding']}: {row['rule']} {row['problem']} {row['fix']}"
        out.print(said, markup=False, soft_wrap=True)
    if mistakes:
        raise typer.Exit(1)


@rules_app.command("explain")
def rules_explain(
    study: Annotated[Path, typer.Argument(help="Folder with the study's DICOM files.")],
    rules: Annotated[Path, typer.Option(help="Rule file or folder.")] = Path("rules"),
    called: Annotated[str, typer.Option(help="Called AE title to assume.")] = "GATEWAY",
    calling: Annotated[str, typer.Option(help="Calling AE title to assume.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Say for every rule why it did or did not fire."""
    from gateway.files.found_files import find_files
    from gateway.files.offline import facts_of, unused_rows
    from routing_rules.matching import explain_text, match
    from routing_rules.rule_files import load_rules

    loaded = load_rules(rules)
    listing = find_files([study])
    result = match(loaded.rules, facts_of(listing, calling, called, loaded.vendor_facts))
    if as_json:
        rules_tried = [asdict(explanation) for explanation in result.explanations]
        chosen = result.rule.id if result.rule else None
        told = {"rule": chosen, "rules": rules_tried, "unused": unused_rows(listing)}
        print_json(told)
    else:
        out.print(explain_text(result), soft_wrap=True, markup=False)
        print_files([(file.path, file.reason) for file in listing.unused], "--json lists all.")
    if result.rule is None:
        raise typer.Exit(1)


@rules_app.command("test")
def rules_test(paths: list[Path]) -> None:
    """Run the test cases that stand beside the rules."""
    passed = [_passes(path) for path in paths]
    if not all(passed):
        raise typer.Exit(1)


@rules_app.command("replay")
def rules_replay(
    draft: Annotated[Path, typer.Option(help="Rule file or folder to try.")],
    since: Annotated[str, typer.Option(help="How far back: 30d, 12h, 2w, or a date as 2026-03-01.")] = "30d",
    fail_on_change: Annotated[
        bool, typer.Option("--fail-on-change", help="Exit 1 when a study would be routed otherwise.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try draft rules on the studies already received, and say which would be routed otherwise."""
    from gateway.cli.own_gateway import opened
    from gateway.records.views.rule_replay import studies_since
    from routing_rules.replay import replay
    from routing_rules.rule_files import load_rules

    gateway = opened(config)
    with gateway.database.read() as session:
        studies = studies_since(session, _moment(since, gateway.database.now(session)))
    result = replay(studies, gateway.rules().rules, load_rules(draft).rules)
    if as_json:
        out.print_json(json.dumps(result.to_json()))
    else:
        rows = [
            {
                "study": change.study,
                "received": f"{change.received_at:%Y-%m-%d %H:%M}",
                "site": change.site,
                "change": change.kind.value,
                "before": ", ".join(f"{d.rule_id} -> {d.destination or 'own queue'}" for d in change.before),
                "after": ", ".join(f"{d.rule_id} -> {d.destination or 'own queue'}" for d in change.after),
                "why": change.why,
            }
            for change in result.changes
        ]
        if rows:
            print_rows(rows, False)
        out.print(f"{result.studies} studies, {len(result.changes)} would be routed otherwise.")
        never = [rule_id for rule_id, times in result.chosen.items() if not times]
        if never and result.studies:
            out.print(f"Never chosen: {', '.join(never)}.")
    if fail_on_change and result.changes:
        raise typer.Exit(1)


@rules_app.command("publish")
def rules_publish(
    draft: Annotated[Path, typer.Argument(metavar="DIR", help="Rule file or folder.")],
    note: NoteOption = "",
    config: ConfigOption = None,
) -> None:
    """Keep these rules as a version and put them in force; their own tests must pass."""
    from routing_rules import versions
    from routing_rules.overlaps import findings
    from routing_rules.rule_files import load_rules

    for one in findings(load_rules(draft).rules):
        if one.relation.is_mistake:
            fail(f"Rule {one.rule_id} {one.problem}", one.fix)
    if not _passes(draft):
        fail("A test of these rules fails; nothing was published.", "Correct the rules or the test.")
    rules = settings_of(config).files.rules
    _put_in_force(
        config, "rules published", lambda by, at: versions.publish(rules, draft, by=by, at=at, note=note)
    )


@rules_app.command("history")
def rules_history(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Every published version, and which one is in force."""
    from routing_rules import versions

    rules = settings_of(config).files.rules
    now = versions.current(rules)
    rows: list[dict[str, Any]] = []
    for one in versions.history(rules):
        row = {**asdict(one), "in_force": now is not None and one.number == now.number}
        rows.append(row if as_json else {**row, "fingerprint": one.fingerprint[:12]})
    if not rows and not as_json:
        out.print(f"Nothing was published: {rules} itself is in force.", markup=False)
        return
    print_rows(rows, as_json)


@rules_app.command("rollback")
def rules_rollback(
    version: Annotated[str, typer.Argument(help="Number of a version, or the start of its fingerprint.")],
    note: NoteOption = "",
    config: ConfigOption = None,
) -> None:
    """Put an earlier version in force again."""
    from routing_rules import versions

    rules = settings_of(config).files.rules
    _put_in_force(
        config,
        "rules rolled back",
        lambda by, at: versions.roll_back(rules, version, by=by, at=at, note=note),
    )


def _put_in_force(config: Path | None, action: str, change: Callable[[str, datetime], Publication]) -> None:
    """Publish or roll back, and say which version is in force then."""
    from gateway.cli.own_gateway import opened
    from gateway.records import ledger

    done = ledger.put_rules_in_force(opened(config).database, getpass.getuser(), action, change)
    said = f"Version {done.version.number} ({done.version.fingerprint[:12]})"
    out.print(f"{said} is in force." if done.changed else f"{said} was in force already.")


def _passes(path: Path) -> bool:
    """Run the tests beside these rules and print each."""
    from routing_rules.rule_files import load_rules
    from routing_rules.rule_tests import run_tests

    results = run_tests(load_rules(path))
    for result in results:
        if result.passed:
            out.print(f"ok     {result.name}", markup=False)
        else:
            said = f"expected {result.expected}, matched {result.chosen}"
            out.print(f"FAILED {result.name}: {said}; {result.why}", markup=False, soft_wrap=True)
    if not results:
        err.print(f"[yellow]{plain(str(path))} has no tests.[/yellow]")
    return all(result.passed for result in results)


_HOURS = {"h": 1, "d": 24, "w": 168}


def _moment(since: str, now: datetime) -> datetime:
    """The moment a person means by 30d, 12h, 2w or a date (midnight, UTC)."""
    if since[:-1].isdigit() and since[-1:] in _HOURS:
        return now - timedelta(hours=int(since[:-1]) * _HOURS[since[-1]])
    try:
        return datetime.fromisoformat(since).replace(tzinfo=UTC)
    except ValueError:
        fail(f"{since} is no time.", "Write 30d, 12h, 2w, or a date as 2026-03-01.")
