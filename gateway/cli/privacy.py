"""Commands on identities: the vault's keys, forgetting a patient. None of them prints an identity."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.own_gateway import opened, who
from gateway.cli.terminal import ConfigOption, JsonOption, fail, out, print_rows, settings_of

if TYPE_CHECKING:
    from gateway.pipeline.jobs.forget import Forgetter
    from gateway.records import forgetting, rotation

app = typer.Typer()
vault_app = typer.Typer(no_args_is_help=True, help="The keys that identities are sealed with.")
app.add_typer(vault_app, name="vault")

RetireOption = Annotated[
    bool, typer.Option("--retire", help="Remove the earlier keys at once; backups made before need them.")
]
ON_BACKUPS = (
    "A backup of the database made before now can only be read with an earlier key: keep that key with the backup, "
    "away from this machine."
)

ON_OTHER_KEYS = (
    "Identities that were sealed with another vault key stay closed: their reports cannot be returned. With another "
    "pseudonym.key every patient who comes again is a stranger, without priors, here and at the reading site."
)


@vault_app.command("status")
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the keys, and how many identities each has sealed."""
    from gateway.records import ledger
    from gateway.records.identities import keys

    gateway = opened(config)
    ring = keys.KeyRing(gateway.settings.storage.keys)
    with gateway.database.read() as session:
        rows = ledger.rows_by_key(session)
    print_rows(
        [
            {
                "key": name,
                "is": "current" if name == ring.current else "earlier" if name in ring.known else "MISSING",
                "identities": rows.get(name, 0),
            }
            for name in sorted({*ring.known, *rows}, key=lambda name: (name != ring.current, name))
        ],
        as_json,
    )


@vault_app.command("rotate")
def rotate(config: ConfigOption = None, retire: RetireOption = False) -> None:
    """Make a new key and seal every identity with it, while the gateway runs; killed, it is just run again."""
    from gateway.records import key_proof, rotation

    settings = settings_of(config)
    database = opened(config).database
    key_proof.prove(database, settings.storage.keys)
    done = rotation.rotate(database, settings.storage.keys, who())
    if done.resumed:
        out.print("An interrupted rotation was finished; no further key was made.")
    _tell(done, settings_of(config).storage.keys)
    _retire(config, retire)


@vault_app.command("reseal")
def reseal(config: ConfigOption = None, retire: RetireOption = False) -> None:
    """Seal every identity with the key that is vault.key now: after a secret store changed it."""
    from gateway.records import key_proof, rotation

    folder = settings_of(config).storage.keys
    database = opened(config).database
    key_proof.prove(database, folder)
    _tell(rotation.reseal(database, folder, who()), folder)
    _retire(config, retire)


@vault_app.command("accept")
def accept(
    why: Annotated[str, typer.Option(help="The reason for the trail, without patient data.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
) -> None:
    """Go on with keys that are not those of the records, because those are lost for good."""
    from gateway.records import key_proof

    gateway = opened(config)
    if not yes:
        out.print(ON_OTHER_KEYS, soft_wrap=True)
        typer.confirm("Accept the keys that are there now?", abort=True)
    key_proof.accept(gateway.database, gateway.settings.storage.keys, who(), why)
    out.print("The keys that are there now are on record.")


def _tell(done: rotation.Rotation, folder: object) -> None:
    out.print(
        f"Key {done.key_id} is current; {done.resealed} identities were sealed again, {done.identities} are kept."
    )
    if done.out_of_reach:
        fail(
            f"{done.out_of_reach} identities need a key that is not in {folder}.",
            "gateway vault status names it; put its file back, then run: gateway vault reseal",
        )


def _retire(config: ConfigOption, wanted: bool) -> None:
    from gateway.records import rotation
    from gateway.records.identities import keys

    folder = settings_of(config).storage.keys
    if wanted:
        gone = rotation.retire(opened(config).database, folder, who())
        out.print(f"Removed: {', '.join(gone) or 'nothing'}.")
    ring = keys.KeyRing(folder)
    if earlier := sorted(ring.known - {ring.current}):
        out.print(
            f"Still in {folder}: {', '.join(keys.own_name(name) for name in earlier)}. "
            "Remove with: gateway vault reseal --retire",
            soft_wrap=True,
        )
    out.print(ON_BACKUPS, soft_wrap=True)


@app.command("forget")
def forget(
    case: Annotated[int | None, typer.Option(help="The patient of this case.")] = None,
    study: Annotated[int | None, typer.Option(help="The patient of this study.")] = None,
    site: Annotated[str, typer.Option(help="With --patient-id: the site that knows the patient by it.")] = "",
    issuer: Annotated[
        str, typer.Option(help="With --patient-id: IssuerOfPatientID, as the sender has it.")
    ] = "",
    patient_id: Annotated[
        str, typer.Option(help="Only '-': the PatientID is asked for, or read from the standard input.")
    ] = "",
    why: Annotated[str, typer.Option(help="The reason for the trail, without patient data.")] = "on request",
    even_open: Annotated[bool, typer.Option("--even-open", help="End cases that are not over yet.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
) -> None:
    """Forget a patient: identity, images, report and every original UID; the numbers of the cases stay."""
    forgetter = _forgetter(config)
    if (case is not None) + (study is not None) + bool(patient_id) != 1:
        raise typer.BadParameter("Name the patient by one of --case, --study or --site with --patient-id -")
    if case is not None:
        wanted = forgetter.by_case(case)
    elif study is not None:
        wanted = forgetter.by_study(study)
    else:
        if patient_id != "-" or not site:
            raise typer.BadParameter(
                "A PatientID on a command line stays in the shell's history and is seen by every user of this machine: "
                "give --site SITE --patient-id - and type it, or pass it on the standard input."
            )
        wanted = forgetter.by_patient_id(site, issuer, _asked_for())
    plan = forgetter.plan(wanted)
    _show(plan)
    if dry_run:
        return
    if plan.studies and not yes:
        typer.confirm("Forget all of this? It cannot be taken back", abort=True)
    files, compacted = forgetter.forget(wanted, who(), why, even_open=even_open)
    out.print(f"Forgotten; {files} files were deleted.")
    if not compacted:
        fail("The database was too busy to overwrite what was deleted.", "Run the same command again.")
    for text in _elsewhere(plan):
        out.print(text, soft_wrap=True)


@app.command("readmit")
def readmit(
    study: Annotated[int, typer.Option(help="A study that is held because its patient was forgotten.")],
    why: Annotated[str, typer.Option(help="The reason for the trail, without patient data.")],
    config: ConfigOption = None,
) -> None:
    """Let a forgotten patient be known again: the study goes on, what was forgotten stays so."""
    from gateway.records import ledger

    ledger.readmit(opened(config).database, study, who(), why)
    out.print(f"Study {study} will be looked at now.")


def _forgetter(config: ConfigOption) -> Forgetter:
    from gateway.pipeline.jobs.forget import Forgetter
    from gateway.records import key_proof

    gateway = opened(config)
    keys = key_proof.proven(gateway.database, gateway.settings.storage.keys)
    no_patient_ids = gateway.settings.study.no_patient_ids
    return Forgetter(gateway.database, gateway.blobs, keys.pseudonyms, no_patient_ids)


def _asked_for() -> str:
    """The PatientID: typed without being shown, or the first line of the standard input."""
    typed = typer.prompt("PatientID", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    if not typed.strip():
        fail("No PatientID was given.", "Type it, or pass it on the standard input.")
    return str(typed).strip()


def _show(plan: forgetting.ForgettingPlan) -> None:
    if plan.forgotten_at:
        out.print(f"This patient was forgotten on {plan.forgotten_at:%Y-%m-%d}.")
    rows = {
        "pseudonym": ", ".join(plan.pseudonyms) or "none yet",
        "studies": ", ".join(map(str, plan.studies)) or "none",
        "cases": ", ".join(map(str, plan.cases)) or "none",
        "received objects": f"{plan.instances} ({plan.bytes / 1e6:.1f} MB)",
        "de-identified copies": plan.copies,
        "signed reports": plan.reports,
        "drafts": plan.drafts,
        "on the calendar": "yes" if plan.enrolments else "no",
        "not over yet": "; ".join(plan.open) or "nothing",
    }
    for name, value in rows.items():
        out.print(f"{name:<22}{value}", markup=False, soft_wrap=True)


def _elsewhere(plan: forgetting.ForgettingPlan) -> Iterator[str]:
    """What this gateway cannot delete."""
    if plan.nodes:
        yield (
            f"Ask {', '.join(plan.nodes)} to delete what was sent there of {', '.join(plan.pseudonyms)}; "
            "a report that went back to the sender is the hospital's."
        )
    yield (
        "Backups still hold the patient until they are overwritten. After restoring one from before today, forget the "
        f"patient again: note {', '.join(plan.pseudonyms) or 'the case numbers'} with the date, away from this machine."
    )
