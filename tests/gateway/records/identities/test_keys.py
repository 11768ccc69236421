"""The key files: read by their owner alone, never overwritten, followed while a process runs."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.records import rotation
from gateway.records.database import Database
from gateway.records.identities import keys
from gateway.records.identities.keys import KeyRing
from gateway.records.identities.vault import Vault
from gateway.records.ledger.identities import BEGAN
from support.records import audit_events, sealed


class TestKeyFiles:
    """What lies in the folder."""

    def test_a_key_file_others_can_read_is_refused(self, key_folder: Path) -> None:
        """The fix is the chmod command."""
        (key_folder / "vault.key").chmod(0o644)
        with pytest.raises(SettingsError) as refused:
            KeyRing(key_folder)
        assert "chmod 600" in refused.value.fix

    def test_a_key_is_never_overwritten(self, key_folder: Path) -> None:
        """Making a key where one is changes nothing, and leaves no second file."""
        before = (key_folder / "vault.key").read_bytes()
        keys.make_key(key_folder / "vault.key")
        assert (key_folder / "vault.key").read_bytes() == before
        assert [path.name for path in key_folder.iterdir()] == ["vault.key"]
        assert (key_folder / "vault.key").stat().st_mode & 0o777 == 0o600

    def test_a_running_process_follows_a_changed_folder(self, key_folder: Path, vault: Vault) -> None:
        """The next seal uses the new key, and the one before is still known: no restart."""
        before = vault.ring.current
        new = keys.add_key(key_folder)
        assert vault.ring.current == before
        keys.make_current(key_folder, new)
        assert vault.ring.current == new == sealed(vault).key_id
        assert vault.ring.known == {before, new}

    def test_a_wrong_change_leaves_the_keys_in_force(self, key_folder: Path, vault: Vault) -> None:
        """Whoever breaks a key file stops no running process."""
        before = vault.ring.current
        (key_folder / "vault.key").write_text("not a key\n")
        assert vault.ring.current == before
        assert sealed(vault).key_id == before

    @pytest.mark.parametrize("why", ["link", "read only"])
    def test_keys_from_a_secret_store_are_not_changed(
        self, database: Database, key_folder: Path, why: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The refusal says how to rotate there, and nothing was begun."""
        if why == "link":
            (key_folder / "vault.key").rename(key_folder / "data")
            (key_folder / "vault.key").symlink_to("data")
        else:
            opened = os.open

            def refuse(path: object, flags: int, mode: int = 0o777) -> int:
                if flags & os.O_CREAT:
                    raise OSError(errno.EROFS, "Read-only file system")
                return opened(path, flags, mode)  # type: ignore[arg-type]

            monkeypatch.setattr(os, "open", refuse)
        before = (key_folder / "vault.key").read_bytes()
        with pytest.raises(SettingsError, match="secret store") as refused:
            rotation.rotate(database, key_folder, "admin")
        assert "gateway vault reseal" in refused.value.fix
        assert (key_folder / "vault.key").read_bytes() == before
        assert audit_events(database, BEGAN) == []
