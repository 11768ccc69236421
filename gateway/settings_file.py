"""The settings of one gateway: read from the environment and from gateway.toml, paths made absolute.

Sources, strongest first: `GATEWAY_TABLE__KEY` in the environment, `GATEWAY_TABLE__KEY_FILE` naming a file with the
value (for secrets), then `gateway.toml`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway.errors import SettingsError
from gateway.settings import Settings

PREFIX = "GATEWAY_"
PATH_KEYS = (
    ("storage", "objects"),
    ("storage", "keys"),
    ("storage", "last_good"),
    ("files", "nodes"),
    ("files", "rules"),
    ("files", "profiles"),
    ("files", "layouts"),
    ("files", "contacts"),
    ("dicom", "tls_certificate"),
    ("dicom", "tls_key"),
    ("dicom", "tls_ca"),
    ("surveillance", "own"),
    ("oidc", "ca"),
)


def load(config: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from a file and the environment; relative paths are relative to the file's folder.

    Raises SettingsError naming every unknown key and every value that cannot be used.
    """
    environment = os.environ if environment is None else environment
    tables: dict[str, dict[str, Any]] = {}
    base = Path.cwd()
    if config is not None:
        base = config.resolve().parent
        tables = _read_toml(config)
    for (table, key), value in _from_environment(environment).items():
        tables.setdefault(table, {})[key] = value
    try:
        settings = Settings.model_validate(tables)
    except ValidationError as error:
        lines = [f"[{'.'.join(str(part) for part in e['loc'])}] {e['msg']}" for e in error.errors()]
        source = str(config) if config else "the environment"
        raise SettingsError(
            f"The settings from {source} cannot be used: " + "; ".join(lines) + ".",
            "The manual lists every setting with its unit and default.",
        ) from None
    return _anchored(settings, base)


def _read_toml(config: Path) -> dict[str, dict[str, Any]]:
    try:
        with config.open("rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError:
        raise SettingsError(
            f"There is no configuration file {config}.", "Make one with: gateway init DIR"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{config} is not valid TOML: {error}.", "Correct that line.") from None


def _from_environment(environment: Mapping[str, str]) -> dict[tuple[str, str], str]:
    settings: dict[tuple[str, str], str] = {}
    for name, value in environment.items():
        table, separator, key = name.removeprefix(PREFIX).lower().partition("__")
        if not name.startswith(PREFIX) or not separator:
            continue
        if key.endswith("_file"):
            key = key.removesuffix("_file")
            try:
                value = Path(value).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SettingsError(
                    f"{name} names a file that cannot be read: {error.strerror}.",
                    "Correct the path or its permissions.",
                ) from None
        settings[table, key] = value
    return settings


def _anchored(settings: Settings, base: Path) -> Settings:
    """The same settings with every relative path made absolute."""
    values = settings.model_dump()
    for table, key in PATH_KEYS:
        if values[table][key] is not None:
            values[table][key] = base / values[table][key]
    url = values["storage"]["database"]
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith(prefix + "/"):
        values["storage"]["database"] = prefix + str(base / url.removeprefix(prefix))
    return Settings.model_validate(values)
