"""`gateway init DIR`: a commented gateway.toml, nodes.yaml, rules and profiles, and keys with mode 0600."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from gateway.records.identities import keys
from gateway.settings import Settings


def init(folder: Path) -> list[Path]:
    """Write what is missing; existing files are never touched. Returns the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    examples = {
        "gateway.toml": commented_toml(),
        "nodes.yaml": (files("dicom_nodes") / "examples" / "nodes.yaml").read_text(encoding="utf-8"),
        "rules/natalizumab.yaml": (files("routing_rules") / "examples" / "natalizumab.yaml").read_text(
            encoding="utf-8"
        ),
        "profiles/no-sex.yaml": (files("gateway") / "examples" / "no-sex.yaml").read_text(encoding="utf-8"),
    }
    written = []
    for name, text in examples.items():
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    for name in ("vault.key", "pseudonym.key"):
        path = folder / "gateway-data" / "keys" / name
        if not path.exists():
            keys.make_key(path)
            written.append(path)
    return written


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
    return f'"{value}"' if value is not None else '""'
