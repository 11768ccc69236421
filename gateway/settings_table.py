"""What every table of gateway.toml is: frozen, and without keys that it does not know."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table of gateway.toml: unknown keys are errors, because a misspelt setting is a silent one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def parts(value: object) -> object:
    """A list as the environment gives it: one text, separated by commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
