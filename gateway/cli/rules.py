"""Commands on routing rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.terminal import out

rules_app = typer.Typer(no_args_is_help=True, help="The routing rules.")


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
