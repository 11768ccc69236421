"""`gateway init DIR`: a commented gateway.toml, nodes.yaml, rules and profiles, and keys with mode 0600."""

from __future__ import annotations

from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from gateway.errors import KeyMissing, SettingsError
from gateway.records.identities import audit_keys, keys
from gateway.settings import Settings
from gateway.settings_file import load


def init(folder: Path, *, new_keys: bool = False) -> list[Path]:
    """Write what is missing; existing files are never touched. Returns the files written.

    Raises KeyMissing for missing keys beside a database, which rests on those it was filled with; `new_keys` makes
    others nevertheless.
    """
    place, database = _storage(folder)
    lost = [name for name in keys.FILES if not (place / name).exists()]
    if lost and not new_keys and database.exists():
        raise KeyMissing(
            f"There is no {' and no '.join(lost)} in {place}, and the database {database} rests on it.",
            "Put them back (a mount that is missing, or their backup). Only when they are lost for good: "
            f"gateway init {folder} --new-keys, then gateway vault accept",
        )
    folder.mkdir(parents=True, exist_ok=True)
    examples = {
        "gateway.toml": commented_toml(),
        "nodes.yaml": (files("dicom_nodes") / "examples" / "nodes.yaml").read_text(encoding="utf-8"),
        "rules/natalizumab.yaml": (files("routing_rules") / "examples" / "natalizumab.yaml").read_text(
            encoding="utf-8"
        ),
        "profiles/no-sex.yaml": (files("gateway") / "examples" / "no-sex.yaml").read_text(encoding="utf-8"),
        "layouts.yaml": (files("gateway") / "examples" / "layouts.yaml").read_text(encoding="utf-8"),
    }
    written = []
    for name, text in examples.items():
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    made = keys.make_keys(place)
    # Beside records a missing one may be on a mount that is away: gateway audit init-key makes it.
    if not database.exists() and not (place / audit_keys.CURRENT).exists():
        audit_keys.make(place)
        made.append(place / audit_keys.CURRENT)
    return written + made


def _storage(folder: Path) -> tuple[Path, Path]:
    """Where the keys and the SQLite database of this gateway are: as its gateway.toml says, if it has a good one."""
    file = folder / "gateway.toml"
    if file.exists():
        with suppress(SettingsError):  # `gateway check` names what is wrong in it
            storage = load(file, {}).storage
            return storage.keys, Path(storage.database.removeprefix("sqlite:///"))
    return folder / "gateway-data" / "keys", folder / "gateway-data" / "gateway.sqlite"


def commented_toml() -> str:
    """Every setting with its default, commented out, and what it means: made from the settings themselves."""
    lines = [
        "# Settings of pml-gateway. Every key is shown with its default; times are in seconds.",
        "# Each can also be given as GATEWAY_TABLE__KEY, secrets as GATEWAY_TABLE__KEY_FILE.",
        "",
    ]
    for table, field in Settings.model_fields.items():
        assert field.annotation is not None
        lines.append(f"[{table}]  # {(field.annotation.__doc__ or '').strip()}")
        for key, setting in field.annotation.model_fields.items():
            lines += [f"# {setting.description}", f"# {key} = {_toml(setting.default)}"]
        lines.append("")
    return "\n".join(lines)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, tuple):
        return str(list(value))
    return f'"{value}"' if value is not None else '""'
