"""Commands on files: classify and de-identify, and render a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.terminal import JsonOption, err, out, plain, print_rows

app = typer.Typer()
report_app = typer.Typer(no_args_is_help=True, help="Reports as DICOM.")


@app.command()
def classify(paths: list[Path], as_json: JsonOption = False) -> None:
    """Say what each series is, and why."""
    from gateway.offline import classified

    rows = classified(paths)
    if as_json:
        out.print_json(json.dumps(rows))
        return
    print_rows(
        [{**row, "evidence": "; ".join(row["evidence"]), "files": len(row["files"])} for row in rows], False
    )


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
        err.print(f"held: {plain(row['reason'])}", soft_wrap=True)
    if held and not allow_held:
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
