"""Commands on the surveillance calendar: enrol a list where the keys are, and look at it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.own_gateway import opened, who
from gateway.cli.terminal import ConfigOption, JsonOption, fail, out, plain, print_rows

app = typer.Typer()
surveillance_app = typer.Typer(no_args_is_help=True, help="Who needs a surveillance MRI when.")
app.add_typer(surveillance_app, name="surveillance")


@surveillance_app.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="The list as CSV; the manual names the columns.")],
    site: Annotated[str, typer.Option(help="The site of lines that name none.")] = "",
    config: ConfigOption = None,
) -> None:
    """Enrol the patients of a list: good lines are kept, the others are told with their fix."""
    from gateway.pipeline.steps.calendar import enrol_list
    from gateway.records import key_proof
    from gateway.records.calendar import sites
    from routing_rules.surveillance.enrolment_csv import read_enrolments, text_of

    gateway = opened(config)
    with gateway.database.read() as session:
        today = gateway.database.now(session).date()
        known = sites(session) | {node.site for node in gateway.directory() if node.site}
    try:
        content = file.read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read ({error.strerror}).", "Name a CSV file.")
    read = read_enrolments(text_of(content), today, site)
    strange = sorted({row.site for row in read.rows} - known)
    if strange:
        fail(
            f"No node, account or study is of the site {', '.join(map(repr, strange))}.",
            f"Give --site or the column site one of: {', '.join(sorted(known)) or 'none is known yet'}.",
        )
    key = key_proof.proven(gateway.database, gateway.settings.storage.keys).pseudonyms
    opened_letters = enrol_list(
        gateway.database, key, read.rows, who(), gateway.settings.study.no_patient_ids
    )
    if read.ignored_columns:
        out.print(f"Not used: {plain(', '.join(read.ignored_columns))}.", soft_wrap=True)
    out.print(
        f"{opened_letters.enrolled} enrolled, {opened_letters.merged} known before and brought up to date, "
        f"{opened_letters.held} held."
    )
    if read.problems:
        for problem in read.problems:
            out.print(plain(str(problem)), soft_wrap=True)
        fail(
            f"{len(read.problems)} problems in {file.name}.",
            "Correct these lines and import the list again.",
        )


@surveillance_app.command("list")
def list_patients(
    site: Annotated[str, typer.Option(help="Only this site.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who is enrolled, most urgent first: labels and pseudonyms only."""
    from gateway.guidelines import declared
    from gateway.records.calendar import calendar

    gateway = opened(config)
    guidelines = declared(gateway.settings.surveillance)
    with gateway.database.read() as session:
        rows = calendar(session, site, gateway.database.now(session).date(), guidelines)
    print_rows(
        [
            {
                "id": row.id,
                "site": row.site,
                "label": row.label,
                "pseudonym": row.pseudonym,
                "last MRI": row.last_mri_on or "",
                "due by": row.status.next_due.due_by if row.status.next_due else "",
                "state": "waiting" if row.waiting else str(row.status.state),
                "full MRI by": row.status.next_full.due_by if row.status.next_full else "",
                "antibody test by": row.status.antibody_test_by or "",
                "guideline": row.guideline,
                "why": row.problem or row.status.explanation,
                "asked": " ".join(row.status.questions),
            }
            for row in rows
        ],
        as_json,
    )
