"""The key files: read by their owner alone, never overwritten, followed while a process runs."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from gateway.errors import Conflict, KeyMissing, SettingsError
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


class TestReading:
    """One file."""

    @pytest.mark.parametrize("content", ["", "00", "zz" * 32, "00" * 33, "\x00" * 64])
    def test_a_file_that_holds_no_key_is_refused(self, key_folder: Path, content: str) -> None:
        """With the backup as its fix, and without quoting what stands there."""
        (key_folder / "vault.key").write_text(content)
        with pytest.raises(SettingsError, match="32 bytes") as refused:
            keys.read_key(key_folder / "vault.key")
        assert "backup" in refused.value.fix

    def test_a_missing_file_says_how_a_new_gateway_is_made(self, tmp_path: Path) -> None:
        """And that an old one has a backup: a new key would open nothing."""
        with pytest.raises(KeyMissing, match=r"vault\.key") as refused:
            keys.read_key(tmp_path / "vault.key")
        assert "Restore it from its backup" in refused.value.fix
        assert "gateway init" in refused.value.fix

    def test_a_blank_after_the_key_does_not_matter(self, key_folder: Path) -> None:
        """Editors and secret stores add one."""
        key = keys.read_key(key_folder / "vault.key")
        (key_folder / "vault.key").write_text(f"  {key.hex().upper()} \n\n")
        assert keys.read_key(key_folder / "vault.key") == key

    def test_a_name_tells_nothing_of_the_key(self) -> None:
        """It is the same wherever the key lies, and shares nothing with it."""
        key = bytes(range(32))
        assert keys.key_id(key) == keys.key_id(bytes(key))
        assert keys.key_id(key) not in key.hex()
        assert keys.key_id(key) != keys.key_id(key[::-1])

    def test_the_key_of_pseudonyms_is_another(self, key_folder: Path) -> None:
        """It is never rotated: pseudonyms would change with it."""
        keys.make_key(key_folder / "pseudonym.key")
        pseudonym = keys.pseudonym_key(key_folder)
        assert pseudonym.key_id == keys.key_id(keys.read_key(key_folder / "pseudonym.key"))
        assert pseudonym.key_id not in KeyRing(key_folder).known


class TestChanging:
    """Keys added and removed."""

    def test_a_new_key_lies_under_its_name_before_it_is_used(self, key_folder: Path) -> None:
        """And so does the one that is current: whatever is lost next, both are there."""
        before = KeyRing(key_folder).current
        new = keys.add_key(key_folder)
        named = keys.files(key_folder)
        assert named == {"vault.key": before, keys.own_name(before): before, keys.own_name(new): new}
        assert {path.stat().st_mode & 0o777 for path in key_folder.iterdir()} == {0o600}

    def test_a_removed_key_goes_under_every_name_but_never_the_current_file(self, key_folder: Path) -> None:
        """An operator may have kept it under a name of their own."""
        old = KeyRing(key_folder).current
        keys.make_current(key_folder, keys.add_key(key_folder))
        (key_folder / "vault-of-2025.key").write_bytes((key_folder / keys.own_name(old)).read_bytes())
        (key_folder / "vault-of-2025.key").chmod(0o600)
        keys.remove(key_folder, old)
        assert old not in KeyRing(key_folder).known
        keys.remove(key_folder, KeyRing(key_folder).current)
        assert set(keys.files(key_folder)) == {"vault.key"}

    def test_what_a_crash_left_half_written_is_written_anew(self, key_folder: Path) -> None:
        """Whatever its content and mode."""
        (key_folder / keys.BEING_WRITTEN).write_text("half")
        (key_folder / keys.BEING_WRITTEN).chmod(0o644)
        new = keys.add_key(key_folder)
        assert new in KeyRing(key_folder).known
        assert not (key_folder / keys.BEING_WRITTEN).exists()

    def test_only_one_works_on_the_folder(self, key_folder: Path) -> None:
        """The second is told; when the first has ended, however, the folder is free."""
        with keys.alone(key_folder), pytest.raises(Conflict), keys.alone(key_folder):
            pass
        with keys.alone(key_folder):
            pass
