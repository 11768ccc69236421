"""A table of settings knows its keys, and lists may come as one text."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateway.settings_table import Table, parts


def test_an_unknown_key_is_an_error() -> None:
    """A misspelt setting is a silent one otherwise."""
    with pytest.raises(ValidationError):
        Table.model_validate({"prot": 1})


def test_a_text_is_separated_by_commas_and_a_list_stays() -> None:
    """As the environment and the file give them."""
    assert parts(" a, b,,") == ["a", "b"]
    assert parts(["a,b"]) == ["a,b"]
