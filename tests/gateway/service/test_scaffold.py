"""`gateway init`: what it writes can be used as it is, says what the code says, and never replaces what is there."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path

import pytest

from dicom_nodes.directory import NodeDirectory
from gateway import profiles, settings_file
from gateway.errors import KeyMissing
from gateway.records.identities import keys
from gateway.service import scaffold
from gateway.settings import Settings
from routing_rules.rule_files import load_rules
from routing_rules.rule_tests import run_tests


def test_what_is_written_loads_and_passes_its_own_tests(tmp_path: Path) -> None:
    """Settings, nodes, rules with their tests, a profile, and keys that the gateway reads."""
    scaffold.init(tmp_path / "new" / "gateway")
    loaded = settings_file.load(tmp_path / "new" / "gateway" / "gateway.toml", {})
    assert len(list(NodeDirectory.from_file(loaded.files.nodes))) > 1
    assert all(result.passed for result in run_tests(load_rules(loaded.files.rules)))
    assert profiles.read_folder(loaded.files.profiles).problems() == []
    assert len(keys.read_key(loaded.storage.keys / "vault.key")) == keys.KEY_BYTES


def test_a_fresh_file_changes_no_setting(tmp_path: Path) -> None:
    """Everything in it is commented out: the defaults of a later version hold where nobody chose otherwise."""
    (tmp_path / "gateway.toml").write_text(scaffold.commented_toml())
    (tmp_path / "empty.toml").write_text("")
    assert settings_file.load(tmp_path / "gateway.toml", {}) == settings_file.load(
        tmp_path / "empty.toml", {}
    )


def test_every_setting_stands_there_with_its_default(tmp_path: Path) -> None:
    """Without the comment signs it is TOML whose every value is the default; what has none is an empty text."""
    lines = scaffold.commented_toml().splitlines()
    uncommented = [line.removeprefix("# ") if " = " in line else line for line in lines]
    tables = tomllib.loads("\n".join(uncommented))
    assert set(tables) == set(Settings.model_fields)
    for table, field in Settings.model_fields.items():
        assert field.annotation is not None
        fields = field.annotation.model_fields
        assert set(tables[table]) == set(fields)
        for key, setting in fields.items():
            default = "" if setting.default is None else setting.default
            assert tables[table][key] == _as_toml(default), (
                table,
                key,
            )
            assert f"# {setting.description}" in lines


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    """Whatever the account's mask would give to others."""
    before = os.umask(0)
    try:
        scaffold.init(tmp_path)
    finally:
        os.umask(before)
    made = list((tmp_path / "gateway-data" / "keys").glob("*.key"))
    assert len(made) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}
    assert stat.S_IMODE(made[0].parent.stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize(
    "name", ["gateway.toml", "nodes.yaml", "rules/natalizumab.yaml", "profiles/no-sex.yaml", "layouts.yaml"]
)
def test_only_what_is_missing_is_written(tmp_path: Path, name: str) -> None:
    """A file that was edited stays, and is not named as written; one that was deleted comes back."""
    first = scaffold.init(tmp_path)
    assert scaffold.init(tmp_path) == []
    for path in first:
        if path.suffix != ".key":
            path.write_text("edited")
    (tmp_path / name).unlink()
    assert scaffold.init(tmp_path) == [tmp_path / name]
    assert sum(path.suffix != ".key" and path.read_text() == "edited" for path in first) == len(first) - 4


def test_a_key_is_never_made_over_another(tmp_path: Path) -> None:
    """What it sealed could not be opened any more."""
    scaffold.init(tmp_path)
    key = tmp_path / "gateway-data" / "keys" / "vault.key"
    before = key.read_bytes()
    scaffold.init(tmp_path)
    assert key.read_bytes() == before


def test_no_key_is_made_beside_a_database_that_rests_on_others(tmp_path: Path) -> None:
    """Where gateway.toml says that both are; a person who knows that they are lost says so."""
    scaffold.init(tmp_path)
    (tmp_path / "gateway.toml").write_text('[storage]\ndatabase = "sqlite:///db.sqlite"\nkeys = "secret"\n')
    assert {path.parent.name for path in scaffold.init(tmp_path)} == {"secret"}
    (tmp_path / "db.sqlite").write_bytes(b"")
    assert scaffold.init(tmp_path) == []
    (tmp_path / "secret" / "pseudonym.key").unlink()
    with pytest.raises(KeyMissing, match=r"no pseudonym\.key in .*secret.*db\.sqlite rests on it") as raised:
        scaffold.init(tmp_path)
    assert "--new-keys" in raised.value.fix
    assert [path.name for path in scaffold.init(tmp_path, new_keys=True)] == ["pseudonym.key"]


def _as_toml(default: object) -> object:
    """A default as TOML has it: no paths, no tuples."""
    if isinstance(default, tuple):
        return list(default)
    return str(default) if isinstance(default, Path) else default
