"""Opening what all roles share: records, object store, configuration and keys."""

from __future__ import annotations

import stat
from contextlib import closing
from pathlib import Path

import pytest

from gateway.assembly.gateway import migrate, open_gateway
from gateway.errors import SettingsError
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.identities.keys import make_keys
from gateway.records.migrations import schema
from gateway.settings import Settings


def settings_of(folder: Path, database: str) -> Settings:
    """Everything in one folder."""
    return Settings.model_validate(
        {
            "storage": {"database": database, "objects": folder / "objects", "keys": folder / "keys"},
            "files": {
                "nodes": folder / "nodes.yaml",
                "rules": folder / "rules",
                "profiles": folder / "profiles",
            },
        }
    )


def closed(settings: Settings) -> None:
    """Open a gateway, and close it again."""
    gateway = open_gateway(settings)
    gateway.intake.close()
    gateway.database.close()


def test_a_new_sqlite_gateway_needs_no_hand(tmp_path: Path) -> None:
    """Folder and schema are made at the first start; only the account that runs it can look into the folder."""
    settings = settings_of(tmp_path, f"sqlite:///{tmp_path}/data/gateway.sqlite")
    closed(settings)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    with closing(Database(settings.storage.database)) as database:
        assert schema.is_current(database)
    closed(settings)


def test_opening_loads_no_configuration(tmp_path: Path) -> None:
    """A wrong file keeps no role from starting: whoever needs it is told."""
    (tmp_path / "nodes.yaml").write_text("nodes: [")
    gateway = open_gateway(settings_of(tmp_path, f"sqlite:///{tmp_path}/gateway.sqlite"))
    with pytest.raises(Exception, match=r"nodes\.yaml"):
        gateway.directory()
    gateway.database.close()


@pytest.mark.postgres
def test_a_postgresql_schema_is_changed_only_when_asked(tmp_path: Path, postgres_url: str) -> None:
    """Several processes may be running on it: it is refused with the command, and opened after that."""
    settings = settings_of(tmp_path, postgres_url)
    with pytest.raises(SettingsError) as raised:
        open_gateway(settings)
    assert raised.value.fix == "Run: gateway migrate"
    migrate(settings)
    closed(settings)


def test_migrating_twice_changes_nothing(tmp_path: Path, bare_database_url: str) -> None:
    """On a database with rows."""
    settings = settings_of(tmp_path, bare_database_url)
    migrate(settings)
    with closing(Database(bare_database_url)) as database:
        ledger.add_user(database, "ana", "Ana", "reader", "north", "a long password")
    migrate(settings)
    with closing(Database(bare_database_url)) as database, pytest.raises(Exception, match="ana"):
        ledger.add_user(database, "ana", "Ana", "reader", "north", "a long password")


@pytest.mark.parametrize(
    "address", ["nonsense", "postgresql+psycopg://gateway:secret@127.0.0.1:1/gateway?connect_timeout=2"]
)
def test_a_database_that_cannot_be_reached_is_said_with_what_to_do(tmp_path: Path, address: str) -> None:
    """To open and to migrate alike; the password in the address is not in the message."""
    for act in (open_gateway, migrate):
        with pytest.raises(SettingsError) as raised:
            act(settings_of(tmp_path, address))
        assert "[storage] database" in raised.value.fix
        assert "secret" not in str(raised.value)


def test_keys_are_made_once(tmp_path: Path) -> None:
    """Both, for their owner only; never again over what is there, because nothing could be opened with a new one."""
    settings = settings_of(tmp_path, f"sqlite:///{tmp_path}/gateway.sqlite")
    make_keys(settings.storage.keys)
    made = {path.name: path.read_bytes() for path in (tmp_path / "keys").glob("*.key")}
    assert set(made) == {"vault.key", "pseudonym.key"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").glob("*.key")} == {0o600}
    make_keys(settings.storage.keys)
    assert {path.name: path.read_bytes() for path in (tmp_path / "keys").glob("*.key")} == made
