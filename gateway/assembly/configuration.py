"""The reviewed configuration beside the settings, read when it is first asked for and again when it changed.

What reads rules and profiles is imported then: a process that never asks for them, as a receiver, never loads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.explained_error import ExplainedError
from dicom_nodes.node_file import nodes_text
from gateway import clock, logs
from gateway.assembly.last_good import LastGood
from gateway.settings import FileSettings
from gateway.wrong_configuration import Fault, WrongConfiguration

if TYPE_CHECKING:
    from gateway.profiles import SiteProfiles
    from routing_rules.rule_files import RuleSet

T = TypeVar("T")
NODES, RULES = "nodes", "rules"
log = logs.get(__name__)


class Reloaded(Generic[T]):
    """A configuration file or folder, read again when it changed; the last good one stays when the new one is wrong.

    `read` makes the value of a path, `missing` that of a path that is not there; `locate` says where to look now. With
    `last_good` what was good is kept on disk, too, and is in force when a path is wrong, or gone, after a restart.
    """

    def __init__(
        self,
        path: Path,
        read: Callable[[Path], T],
        missing: Callable[[], T],
        locate: Callable[[Path], Path] = Path,
        *,
        what: str = "",
        last_good: LastGood[T] | None = None,
    ) -> None:
        self._path, self._missing = path, missing
        self._read = last_good.read if last_good else read
        self._locate, self._what, self._last_good = locate, what, last_good
        self._stamp: tuple[object, ...] | None = None
        self._value: T | None = None
        self._good_at: datetime | None = None
        self._wrong: WrongConfiguration | None = None

    def __call__(self) -> T:
        path = self._locate(self._path)
        stamp = _stamp(path)
        if stamp is None and self._last_good is None:
            return self._missing()
        if stamp == self._stamp and self._value is not None:
            return self._value
        try:
            if stamp is None:
                raise _Gone(
                    f"{path} is not there any more.", "Put it back; to have none, write one without entries."
                )
            self._value, self._good_at, self._wrong = self._read(path), clock.now(), None
        except Exception as error:
            if not self._falls_back(path):
                if isinstance(error, _Gone):
                    return self._missing()
                raise
            self._wrong = WrongConfiguration(self._what, path, _faults(error), self._good_at)
            log.error(
                "a changed file is wrong; the one before stays in force", file=str(path), why=str(error)
            )
        self._stamp = stamp
        assert self._value is not None
        return self._value

    @property
    def wrong(self) -> WrongConfiguration | None:
        """What was wrong at the last look, while the content of before is in force."""
        return self._wrong

    def _falls_back(self, path: Path) -> bool:
        """Have the last good value, from the disk where another process may have read a newer one; False: none.

        What this process read later than that stays: it could not be kept, as on a full disk, and is in force.
        """
        kept = self._last_good.kept(path) if self._last_good else None
        if kept is not None and (self._good_at is None or kept.at > self._good_at):
            self._value, self._good_at = kept.value, kept.at
        return self._value is not None


class _Gone(ExplainedError):
    """A file that was there before."""


def _stamp(path: Path) -> tuple[object, ...] | None:
    """What changes when a file or folder does; None: it is not there."""
    try:
        files = sorted(path.rglob("*.y*ml")) if path.is_dir() else [path]
        return tuple((str(file), file.stat().st_mtime_ns) for file in files)
    except FileNotFoundError:
        return None


def _faults(error: Exception) -> tuple[Fault, ...]:
    listed = getattr(error, "problems", None)
    if listed:
        return tuple(Fault(one.told, one.fix) for one in listed)
    if isinstance(error, ExplainedError):
        return (Fault(error.problem, error.fix),)
    return (Fault(f"{type(error).__name__}: {error}.", "Correct the file or its permissions."),)


def nodes_of(files: FileSettings, kept_in: Path | None = None) -> Reloaded[NodeDirectory]:
    """The other systems, from nodes.yaml; none without it. `kept_in`: the folder of the last good ones."""
    last_good = last_good_nodes(kept_in) if kept_in else None
    return Reloaded(
        files.nodes, NodeDirectory.from_file, lambda: NodeDirectory(()), what=NODES, last_good=last_good
    )


def rules_of(files: FileSettings, kept_in: Path | None = None) -> Reloaded[RuleSet]:
    """The routing rules: the published version in force, or the folder itself; none without it. `kept_in` as above."""
    last_good = last_good_rules(kept_in) if kept_in else None
    return Reloaded(files.rules, _load_rules, _no_rules, _in_force, what=RULES, last_good=last_good)


def profiles_of(files: FileSettings) -> Reloaded[SiteProfiles]:
    """The site's own profiles. What is wrong in a file stays in the value: an older profile never stands in for a
    changed one."""
    return Reloaded(files.profiles, _load_profiles, _no_profiles)


def last_good_nodes(folder: Path) -> LastGood[NodeDirectory]:
    """The last good nodes, in this folder."""
    return LastGood(folder / "nodes.json", _text_of_nodes, _made_nodes)


def last_good_rules(folder: Path) -> LastGood[RuleSet]:
    """The last good rules, in this folder."""
    return LastGood(folder / "rules.json", _texts_of_rules, _made_rules)


def _text_of_nodes(path: Path) -> Mapping[str, str]:
    return {str(path): nodes_text(path)}


def _made_nodes(texts: Mapping[str, str], path: Path) -> NodeDirectory:
    """The files that the nodes name are looked for beside nodes.yaml, wherever its text was kept."""
    [text] = texts.values()
    return NodeDirectory.from_text(text, str(path), path.parent)


def _texts_of_rules(path: Path) -> Mapping[str, str]:
    from routing_rules.rule_files import rule_texts

    return rule_texts(path)


def _made_rules(texts: Mapping[str, str], _path: Path) -> RuleSet:
    from routing_rules.rule_files import rules_from_texts

    return rules_from_texts(texts)


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
