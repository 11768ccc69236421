"""Commands on the audit trail: its key, its proof, and the trail as a file."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.own_gateway import opened, who
from gateway.cli.terminal import ConfigOption, JsonOption, fail, out

if TYPE_CHECKING:
    from gateway.records.tables.administration import AuditEvent

app = typer.Typer()
audit_app = typer.Typer(
    no_args_is_help=True, help="The audit trail: its key, its proof, and the trail as a file."
)
app.add_typer(audit_app, name="audit")

COLUMNS = (
    "place",
    "at",
    "who",
    "address",
    "action",
    "subject",
    "case_id",
    "outcome",
    "detail",
    "id",
    "key_id",
    "seal",
    "previous",
    "digest",
)


class Format(StrEnum):
    """How the trail is written out."""

    JSONL = "jsonl"
    CSV = "csv"


@audit_app.command("init-key")
def init_key(config: ConfigOption = None) -> None:
    """Make the key that seals the trail, for a gateway from before there was one, or whose key is lost."""
    from gateway.records import ledger
    from gateway.records.identities import audit_keys

    gateway = opened(config)
    made = audit_keys.make(gateway.settings.storage.keys)
    ledger.note_key(gateway.database, "audit key made", who(), made, "")
    out.print(f"Key {made} seals the trail from now on. Back it up with the other keys.")


@audit_app.command("rotate-key")
def rotate_key(config: ConfigOption = None) -> None:
    """Make a new key that seals the trail; the one before stays beside it, because it proves what it sealed."""
    from gateway.records import ledger
    from gateway.records.identities import audit_keys

    gateway = opened(config)
    before, new = audit_keys.rotate(gateway.settings.storage.keys)
    ledger.note_key(gateway.database, "audit key rotated", who(), new, before)
    out.print(f"Key {new} seals the trail from now on; audit-{before}.key proves what it sealed. Keep both.")


@audit_app.command("verify")
def verify(
    anchors: Annotated[
        list[Path] | None,
        typer.Option(
            help="A file of anchors; once for each machine with a worker. Without it, the configured one."
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let the trail prove itself: names the first row that does not fit, a gap, or a missing end."""
    from gateway.pipeline.jobs.trail import anchor_file
    from gateway.records import ledger
    from gateway.records.audit import anchors as anchor_files
    from gateway.records.audit import verification
    from gateway.records.audit.events import Outcome
    from gateway.records.identities.audit_keys import audit_keys

    gateway = opened(config)
    keys = audit_keys(gateway.settings.storage.keys).keys
    files = anchors or [anchor_file(gateway.settings)]
    written = [anchor for file in files for anchor in anchor_files.read(file)]
    with gateway.database.read() as session:
        proof = verification.verify(session, keys, written)
    told = {"sealed": proof.sealed, "waiting": proof.waiting, "anchors": proof.anchors}
    outcome = Outcome.FAILED if proof.problem else Outcome.DONE
    ledger.note_use(gateway.database, "audit trail verified", who(), told, outcome)
    if as_json:
        out.print_json(data={**told, "intact": not proof.problem, "problem": proof.problem})
    else:
        out.print(
            f"{proof.sealed} rows are sealed, {proof.waiting} wait for their seal, {proof.anchors} anchors were read."
        )
    if proof.problem:
        fail(proof.problem, "Compare with a backup of the database, and tell whoever answers for privacy.")
    if not as_json:
        out.print("The trail is intact.")


@audit_app.command("export")
def export(
    form: Annotated[
        Format, typer.Option("--format", metavar="jsonl|csv", help="jsonl: a JSON object a line; csv.")
    ] = Format.JSONL,
    since: Annotated[datetime | None, typer.Option(metavar="WHEN", help="From this moment on, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(metavar="WHEN", help="Before this moment, UTC.")] = None,
    file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="File; without it the standard output.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write the trail out, with its seals: for whoever has to read it, or keeps it elsewhere."""
    from gateway.records import ledger
    from gateway.records.views import trail_rows

    gateway = opened(config)
    detail = {"format": form.value, "since": str(since or ""), "until": str(until or "")}
    ledger.note_use(gateway.database, "audit trail exported", who(), detail)
    with ExitStack() as stack:
        target = stack.enter_context(file.open("w", encoding="utf-8", newline="")) if file else sys.stdout
        session = stack.enter_context(gateway.database.read())
        rows = (_told(event) for event in trail_rows.in_order(session, since, until))
        if form is Format.CSV:
            _write_csv(target, rows)
        else:
            for row in rows:
                target.write(json.dumps(row, ensure_ascii=False) + "\n")


def _told(event: AuditEvent) -> dict[str, Any]:
    row = {name: getattr(event, name) for name in COLUMNS}
    return {**row, "at": event.at.isoformat()}


def _write_csv(target: Any, rows: Iterator[Mapping[str, Any]]) -> None:
    """A cell that a spreadsheet would take for a formula is a text: an apostrophe stands before it."""
    writer = csv.DictWriter(target, COLUMNS)
    writer.writeheader()
    for row in rows:
        texts = {**row, "detail": json.dumps(row["detail"], ensure_ascii=False)}
        writer.writerow({name: _as_text(value) for name, value in texts.items()})


def _as_text(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") else value
