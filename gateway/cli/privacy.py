"""Commands on identities: the vault's keys. None of them prints an identity."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from gateway.cli.records import opened
from gateway.cli.terminal import ConfigOption, JsonOption, fail, out, print_rows, settings_of
from gateway.records import keys, rotation

vault_app = typer.Typer(no_args_is_help=True, help="The keys that identities are sealed with.")

RetireOption = Annotated[
    bool, typer.Option("--retire", help="Remove the earlier keys at once; backups made before need them.")
]
ON_BACKUPS = (
    "A backup of the database made before now can only be read with an earlier key: keep that key with the backup, "
    "away from this machine."
)


def who() -> str:
    """Who gives the command, for the audit trail."""
    return f"command line ({getpass.getuser()})"


@vault_app.command("status")
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the keys, and how many identities each has sealed."""
    gateway = opened(config)
    ring = keys.KeyRing(gateway.settings.storage.keys)
    with gateway.database.read() as session:
        rows = rotation.rows_by_key(session)
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
    settings = settings_of(config)
    done = rotation.rotate(opened(config).database, settings.storage.keys, who())
    if done.resumed:
        out.print("An interrupted rotation was finished; no further key was made.")
    _tell(done, settings_of(config).storage.keys)
    _retire(config, retire)


@vault_app.command("reseal")
def reseal(config: ConfigOption = None, retire: RetireOption = False) -> None:
    """Seal every identity with the key that is vault.key now: after a secret store changed it."""
    folder = settings_of(config).storage.keys
    _tell(rotation.reseal(opened(config).database, folder, who()), folder)
    _retire(config, retire)


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
