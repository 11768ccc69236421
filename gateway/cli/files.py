"""Commands on files: classify and de-identify, and render a report."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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
    settings_of,
)

if TYPE_CHECKING:
    from gateway.privacy.profile.profile import Profile
    from routing_rules.series.vendor_facts import VendorFacts

app = typer.Typer()
report_app = typer.Typer(no_args_is_help=True, help="Reports as DICOM.")
app.add_typer(report_app, name="report")


@app.command()
def classify(
    paths: list[Path],
    rules: Annotated[
        Path | None, typer.Option(help="Rule folder with vendor_facts.yaml; else the rules in force.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what each series is, and why; with the site's own vendor facts, where it has any.

    A file that is not used is named with its reason. Exit status 1 when nothing could be classified.
    """
    from gateway.files.found_files import find_files
    from gateway.files.offline import classified, unused_rows

    listing = find_files(paths)
    rows = classified(listing, _vendor_facts(rules, config))
    if as_json:
        print_json([*rows, *unused_rows(listing)])
    else:
        for row in rows:
            out.print(_told(row), soft_wrap=True)
        print_files([(file.path, file.reason) for file in listing.unused], "--json lists all.")
    if not rows:
        raise typer.Exit(1)


_COVERAGE = {
    "whole": "long enough for a whole brain",
    "doubtful": "an edge of the brain may be cut",
    "part": "part of the brain",
    "unknown": "coverage unknown",
}


def _told(row: dict[str, Any]) -> str:
    """A series for people, in lines that fit any terminal: what it is, then why, then what speaks against it."""
    contrast = {True: "given", False: "not given", None: "unknown"}[row["contrast"]]
    facts = [
        "1 file" if len(row["files"]) == 1 else f"{len(row['files'])} files",
        *([f"{row['slice_thickness_mm']:g} mm slices"] if row["slice_thickness_mm"] else []),
        *(["3D"] if row["three_d"] else []),
        *(["b " + ", ".join(f"{value:g}" for value in row["b_values"])] if row["b_values"] else []),
        _COVERAGE[row["coverage"]["brain"]],
        f"contrast agent {contrast} ({row['contrast_why']})"
        if row["contrast_why"]
        else f"contrast agent {contrast}",
    ]
    lines = [
        f"[bold]{row['kind']}[/bold]  {row['confidence']:.0%} sure  {plain(row['description'])}",
        f"  {plain('; '.join(facts))}",
        f"  {plain('; '.join(row['evidence']))}",
        *(f"  [yellow]but: {plain(caveat)}[/yellow]" for caveat in row["caveats"]),
    ]
    return "\n".join(lines)


@app.command()
def deidentify(
    source: Annotated[Path, typer.Argument(metavar="IN")],
    target: Annotated[Path, typer.Argument(metavar="OUT")],
    profile: Annotated[
        str | None,
        typer.Option(
            help="A shipped profile, one of the folder files.profiles, or a YAML file; else files.profile."
        ),
    ] = None,
    manifest: Annotated[Path | None, typer.Option(help="Where to write what was done, as JSON.")] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="pseudonym.key; without it a key for this run only.")
    ] = None,
    site: Annotated[
        str, typer.Option(help="The sender's site in nodes.yaml, where pseudonyms must meet a gateway's.")
    ] = "default",
    scheme: Annotated[
        int, typer.Option(min=1, max=2, help="Derivation of pseudonyms; 1: to meet copies of before 2026-12.")
    ] = 2,
    faces: Annotated[
        Literal["keep", "deface"] | None,
        typer.Option(
            metavar="keep|deface",
            help="Whether faces stay; else deface where the site is one of files.deface_sites. Takes a minute for each"
            " study, and the extra deface.",
        ),
    ] = None,
    allow_held: Annotated[
        bool, typer.Option("--allow-held", help="Exit 0 although objects were held or failed.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """De-identify a file or folder with the pipeline's engine; needs no database."""
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn

    from gateway.files import deidentification
    from gateway.privacy.pseudonyms import PseudonymKey
    from gateway.privacy.schemes import Scheme
    from gateway.records.identities import keys

    chosen = _profile(profile, config)
    key_bytes = keys.read_key(key_file) if key_file else secrets.token_bytes(keys.KEY_BYTES)
    if key_file is None:
        err.print(
            "[yellow]No --key-file: this run uses a key of its own, and its pseudonyms fit no other run.[/yellow]",
            soft_wrap=True,
        )
    key = PseudonymKey(key_bytes, keys.key_id(key_bytes))
    settings = settings_of(config)
    files = deidentification.files_of(source, target)
    with Progress(
        SpinnerColumn(), *Progress.get_default_columns(), MofNCompleteColumn(), console=err, transient=True
    ) as bar:
        task = bar.add_task("looking", total=2 * len(files))
        run = deidentification.FolderRun(
            target,
            chosen,
            key,
            site=site,
            scheme=Scheme(scheme),
            no_patient_ids=settings.study.no_patient_ids,
            deface=(faces == "deface") if faces else site in settings.files.deface_sites,
            tick=lambda: bar.advance(task),
        )
        result = run.run(files)
    if manifest is not None:
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text(json.dumps(result.manifest(chosen, key), indent=1), encoding="utf-8")
    out.print(
        f"{result.written} written, {result.held} held, {result.failed} failed,"
        f" {len(result.passed_over)} passed over."
    )
    stayed = [row for _, row in sorted(result.rows.items()) if row["output"] is None]
    print_files([(row["source"], row["reason"]) for row in stayed], "--manifest lists all.")
    if stayed and not allow_held:
        raise typer.Exit(1)


def _vendor_facts(rules: Path | None, config: Path | None) -> VendorFacts | None:
    """The site's own vendor facts beside the rules that are named, or in force; None where there are none."""
    from routing_rules.rule_files import load_vendor_facts
    from routing_rules.versions import in_force

    if rules is not None and not rules.exists():
        fail(f"There is no {rules}.", "Name the folder that has vendor_facts.yaml.")
    return load_vendor_facts(in_force(settings_of(config).files.rules) if rules is None else rules)


def _profile(name: str | None, config: Path | None) -> Profile:
    """The profile by its file, or by its name among the site's and the shipped ones."""
    from gateway import profiles

    files = settings_of(config).files
    if name is not None and Path(name).suffix in (".yaml", ".yml"):
        return profiles.read_file(Path(name))
    return profiles.read_folder(files.profiles).get(name or files.profile)


@report_app.command("render")
def report_render(
    report: Annotated[Path, typer.Argument(help="A report as JSON.")],
    evidence: Annotated[Path, typer.Option(help="Folder with the study that was read.")],
    out_file: Annotated[Path, typer.Option("--out", help="Where to write the DICOM object.")],
    as_: Annotated[str, typer.Option("--as", help="enhanced, comprehensive, basic or pdf.")] = "enhanced",
) -> None:
    """Write a report as a DICOM object."""
    from gateway.files.offline import render_report
    from gateway.reporting.documents.forms import DocumentForm

    if as_ not in list(DocumentForm):
        raise typer.BadParameter(f"{as_!r} is no form of a report; use {', '.join(DocumentForm)}.")
    render_report(report, evidence, out_file, as_)
    out.print(f"wrote {out_file}")
