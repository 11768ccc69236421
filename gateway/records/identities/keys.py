"""The key files: vault.key seals, any vault*.key beside it opens, pseudonym.key derives pseudonyms, dates and UIDs.

A key is 32 random bytes in hexadecimal in a file that only its owner reads, and is named by the first bytes of its
own hash, so that a row can say which key it needs. No key is ever overwritten before it lies, synced, under its own
name. The web role and the receiver read none of this (gateway.service.keyless).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gateway import logs
from gateway.errors import Conflict, GatewayError, KeyMissing, SettingsError
from gateway.records import crash

if TYPE_CHECKING:
    from gateway.privacy.pseudonyms import PseudonymKey

KEY_BYTES = 32
CURRENT = "vault.key"
PSEUDONYMS = "pseudonym.key"
FILES = (CURRENT, PSEUDONYMS)
"""The files without which no identity can be kept."""
ANY = "vault*.key"
BEING_WRITTEN = ".vault.key.new"

log = logs.get(__name__)


class KeyRing:
    """The vault's keys in a folder: the current one and those that older rows still need.

    Look-ups read the folder again when it changed, so that a process needs no restart after a rotation; while a
    changed folder cannot be read, the keys read last stay in force.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stamp: tuple[object, ...] = ()
        self._keys: dict[str, bytes] = {}
        self._current = ""
        self._read()

    @property
    def current(self) -> str:
        """The name of the key that seals."""
        self._follow()
        return self._current

    @property
    def known(self) -> frozenset[str]:
        """The names of every key in the folder."""
        self._follow()
        return frozenset(self._keys)

    def key(self, name: str) -> bytes | None:
        """The key of this name, or None when the folder does not have it."""
        self._follow()
        return self._keys.get(name)

    def _follow(self) -> None:
        if self._stamp == _stamp(self.folder):
            return
        try:
            self._read()
        except (GatewayError, OSError) as error:
            log.error("the key folder is wrong; the keys read before stay in force", why=str(error))

    def _read(self) -> None:
        stamp = _stamp(self.folder)
        current = read_key(self.folder / CURRENT)
        keys = {key_id(key): key for key in map(read_key, sorted(self.folder.glob(ANY)))}
        keys[key_id(current)] = current
        self._keys, self._current, self._stamp = keys, key_id(current), stamp


def _stamp(folder: Path) -> tuple[object, ...]:
    """What changes when a key file does: names, inodes, sizes, times and modes (links are followed)."""
    found: list[object] = []
    for path in sorted(folder.glob(ANY)):
        with contextlib.suppress(FileNotFoundError):
            now = path.stat()
            found.append((path.name, now.st_ino, now.st_size, now.st_mtime_ns, now.st_mode))
    return tuple(found)


def key_id(key: bytes) -> str:
    """A name for a key that tells nothing about it."""
    return hashlib.sha256(b"pml-gateway key id" + key).hexdigest()[:12]


def make_key(path: Path) -> None:
    """Create a key file, mode 0600, unless one is there: a key is never overwritten."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists():
        return
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    _write(beside, secrets.token_bytes(KEY_BYTES))
    with contextlib.suppress(FileExistsError):
        os.link(beside, path)  # unlike a rename, never over another file
    beside.unlink()
    _sync_folder(path.parent)


def make_keys(folder: Path) -> list[Path]:
    """Create the key files that are not there yet; returns them. Only `gateway init` does so: keys made anew beside
    records that rest on others would make every known patient a stranger."""
    made = [folder / name for name in FILES if not (folder / name).exists()]
    for path in made:
        make_key(path)
    return made


def add_key(folder: Path) -> str:
    """Write a new key beside the current one, each under its own name; returns the new one's name.

    Raises SettingsError when the folder takes no new file: it comes from a secret store.
    """
    present, new = read_key(folder / CURRENT), secrets.token_bytes(KEY_BYTES)
    with _own_folder(folder):
        for key in (present, new):
            _put(folder, own_name(key_id(key)), key)
    crash.point("add_key:after")
    return key_id(new)


def make_current(folder: Path, name: str) -> None:
    """Let vault.key be the key of this name, which lies in the folder already; a crash leaves the one or the other."""
    crash.point("make_current:before")
    with _own_folder(folder):
        _put(folder, CURRENT, read_key(folder / own_name(name)))
    crash.point("make_current:after")


def replace_key(folder: Path, name: str, kept_as: str) -> str:
    """Let a new key be the one in this file, and keep the one before under another name; returns the new one's name.

    A crash leaves the one before in force, or both. Raises SettingsError when the folder takes no new file.
    """
    before, new = read_key(folder / name), secrets.token_bytes(KEY_BYTES)
    with _own_folder(folder):
        _put(folder, kept_as, before)
        _put(folder, name, new)
    return key_id(new)


def remove(folder: Path, name: str) -> None:
    """Remove every file of a key; raises SettingsError when the folder does not allow it."""
    try:
        for path in sorted(folder.glob(ANY)):
            if path.name != CURRENT and key_id(read_key(path)) == name:
                path.unlink()
        _sync_folder(folder)
    except OSError as error:
        raise SettingsError(
            f"A file of key {name} cannot be removed from {folder} ({error.strerror}).",
            "Remove it from the secret store it comes from.",
        ) from None


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder against another rotation; the kernel lets go when this process ends, however it ends."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict("Another command works on the vault's keys.", "Wait until it has ended.") from None
        yield
    finally:
        os.close(descriptor)


def own_name(name: str) -> str:
    """The file a key of this name is kept in besides vault.key."""
    return f"vault-{name}.key"


def read_key(path: Path, made_by: str = "a new gateway with: gateway init DIR") -> bytes:
    """The key in a file; raises KeyMissing or SettingsError with the fix."""
    try:
        mode = path.stat().st_mode & 0o077
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        raise KeyMissing(
            f"There is no key file {path}.", f"Restore it from its backup, or make {made_by}"
        ) from None
    if mode:
        raise SettingsError(f"The key file {path} can be read by others.", f"Run: chmod 600 {path}")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingsError(
            f"The key file {path} does not hold {KEY_BYTES} bytes in hexadecimal.",
            "Restore it from its backup.",
        )
    return key


def pseudonym_key(folder: Path) -> PseudonymKey:
    """The key that pseudonyms, dates and UIDs are derived with."""
    from gateway.privacy.pseudonyms import PseudonymKey  # with it comes pydicom, and the other keys need none

    key = read_key(folder / PSEUDONYMS)
    return PseudonymKey(key, key_id(key))


def files(folder: Path) -> Mapping[str, str]:
    """Every key file of the vault and the name of the key in it."""
    return {path.name: key_id(read_key(path)) for path in sorted(folder.glob(ANY))}


def _put(folder: Path, name: str, key: bytes) -> None:
    _write(folder / BEING_WRITTEN, key)
    os.replace(folder / BEING_WRITTEN, folder / name)
    _sync_folder(folder)


def _write(path: Path, key: bytes) -> None:
    path.unlink(missing_ok=True)  # what a crash left may have another mode
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(key.hex() + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _own_folder(folder: Path) -> Iterator[None]:
    """Writing to the folder; a link or a file system that is read only means that the keys come from elsewhere."""
    try:
        if (folder / CURRENT).is_symlink():
            raise OSError(errno.EROFS, "vault.key is a link")
        yield
    except OSError as error:
        raise SettingsError(
            f"No new key can be written to {folder} ({error.strerror}): the keys come from a secret store.",
            "In that store, keep the present vault.key as vault-old.key and put a new one in its place (made with: "
            "openssl rand -hex 32); when every machine has both, run: gateway vault reseal",
        ) from None
