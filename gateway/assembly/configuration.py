"""The reviewed configuration beside the settings, read when it is first asked for and again when it changed.

What reads rules and profiles is imported then: a process that never asks for them, as a receiver, never loads it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from dicom_nodes.directory import NodeDirectory
from gateway import logs
from gateway.settings import FileSettings

if TYPE_CHECKING:
    from gateway.profiles import SiteProfiles
    from routing_rules.rule_files import RuleSet

T = TypeVar("T")
log = logs.get(__name__)


class Reloaded(Generic[T]):
    """A configuration file or folder, read again when it changed; the last good one stays when the new one is wrong.

    `read` makes the value of a path, `missing` that of a path that is not there; `locate` says where to look now.
    """

    def __init__(
        self,
        path: Path,
        read: Callable[[Path], T],
        missing: Callable[[], T],
        locate: Callable[[Path], Path] = Path,
    ) -> None:
        self._path, self._read, self._missing = path, read, missing
        self._locate = locate
        self._stamp: tuple[tuple[str, int], ...] = ()
        self._value: T | None = None

    def __call__(self) -> T:
        path = self._locate(self._path)
        if not path.exists():
            return self._missing()
        files = sorted(path.rglob("*.y*ml")) if path.is_dir() else [path]
        stamp = tuple((str(file), file.stat().st_mtime_ns) for file in files)
        if stamp != self._stamp or self._value is None:
            try:
                self._value = self._read(path)
            except Exception as error:
                if self._value is None:
                    raise
                log.error(
                    "a changed file is wrong; the one before stays in force",
                    file=str(path),
                    why=str(error),
                )
            self._stamp = stamp
        return self._value


def nodes_of(files: FileSettings) -> Reloaded[NodeDirectory]:
    """The other systems, from nodes.yaml; none without it."""
    return Reloaded(files.nodes, NodeDirectory.from_file, lambda: NodeDirectory(()))


def rules_of(files: FileSettings) -> Reloaded[RuleSet]:
    """The routing rules: the published version in force, or the folder itself; none without it."""
    return Reloaded(files.rules, _load_rules, _no_rules, _in_force)


def profiles_of(files: FileSettings) -> Reloaded[SiteProfiles]:
    """The site's own profiles. What is wrong in a file stays in the value: an older profile never stands in for a
    changed one."""
    return Reloaded(files.profiles, _load_profiles, _no_profiles)


def _load_rules(folder: Path) -> RuleSet:
    from routing_rules.rule_files import load_rules

    return load_rules(folder)


def _no_rules() -> RuleSet:
    from routing_rules.rule_files import RuleSet

    return RuleSet((), "no rules")


def _in_force(folder: Path) -> Path:
    from routing_rules.versions import in_force

    return in_force(folder)


def _load_profiles(folder: Path) -> SiteProfiles:
    from gateway.profiles import read_folder

    return read_folder(folder)


def _no_profiles() -> SiteProfiles:
    from gateway.profiles import SiteProfiles

    return SiteProfiles()
