"""Published versions of the rules: every one is kept, one is in force, any can be put in force again.

    rules/                        what people edit
    rules.versions/
        0001-4f2a90c1d3b2/        the files of a version, never changed again; the name ends in the fingerprint
            version.json          who published it, when, and in place of what
        current -> 0001-...       the version in force; a symbolic link, replaced by one rename
        journal.jsonl             every publication and rollback, one line each, only ever added to

As long as nothing was published the edited folder itself is in force. The fingerprint is that of the rules
(`RuleSet.fingerprint`), which every case keeps: it leads from a case to the version that routed it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from routing_rules.errors import RuleError
from routing_rules.rule_files import RuleSet, load_rules

_SHORT = 12
"""Letters of the fingerprint in a name: enough that two versions never share them."""


class VersionError(RuleError):
    """A version cannot be published or put in force."""


@dataclass(frozen=True)
class Version:
    """One published version."""

    number: int
    fingerprint: str
    published_at: str
    by: str
    note: str
    rules: int

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"{self.number:04d}-{self.fingerprint[:_SHORT]}"


@dataclass(frozen=True)
class Publication:
    """What was put in force, what was in force before (None: the edited folder), and whether anything changed."""

    version: Version
    before: Version | None
    changed: bool


def place_of(rules: Path) -> Path:
    """Where the versions of a folder of rules are kept: beside it."""
    return rules.parent / f"{rules.name}.versions"


def in_force(rules: Path) -> Path:
    """The folder to load rules from: the version in force, or the edited folder while nothing was published."""
    link = place_of(rules) / "current"
    # Resolved, so that another version is another folder even where its files are equally old.
    return link.resolve() if link.exists() else rules


def history(rules: Path) -> tuple[Version, ...]:
    """Every version, oldest first."""
    found = (
        _read(folder) for folder in place_of(rules).glob("[0-9]*-*") if (folder / "version.json").is_file()
    )
    return tuple(sorted(found, key=lambda one: one.number))


def current(rules: Path) -> Version | None:
    """The version in force, None while nothing was published."""
    link = place_of(rules) / "current"
    return _read(link) if link.exists() else None


def publish(rules: Path, draft: Path, *, by: str, at: datetime, note: str = "") -> Publication:
    """Keep the draft as a version and put it in force, on disk before this returns.

    What was in force unpublished is kept as a version first, so that it can be put back. A draft equal to a version
    that is kept puts that one in force. Raises RuleFileError for a draft with problems; then nothing changes.
    """
    ruleset = load_rules(draft)
    with _alone(rules):
        _keep_unpublished(rules, draft, by=by, at=at)
        known = next((one for one in history(rules) if one.fingerprint == ruleset.fingerprint), None)
        version = known or _keep(rules, draft, ruleset, by=by, at=at, note=note)
        return _put_in_force(rules, version, by=by, at=at, what="published", note=note)


def roll_back(rules: Path, wanted: str, *, by: str, at: datetime, note: str = "") -> Publication:
    """Put a kept version in force again, named by its number or by the beginning of its fingerprint."""
    versions = history(rules)
    candidates = [version for version in versions if wanted.isdigit() and version.number == int(wanted)]
    candidates = candidates or [
        version for version in versions if len(wanted) >= 4 and version.fingerprint.startswith(wanted)
    ]
    if len(candidates) != 1:
        kept = ", ".join(f"{version.number} ({version.fingerprint[:_SHORT]})" for version in versions)
        raise VersionError(
            f"There is no version {wanted}."
            if not candidates
            else f"{wanted} is the beginning of several versions.",
            f"Use one of: {kept}." if kept else "Publish one first: gateway rules publish DIR",
        )
    with _alone(rules):
        return _put_in_force(rules, candidates[0], by=by, at=at, what="rolled back to", note=note)


def journal(rules: Path) -> tuple[dict[str, Any], ...]:
    """Every publication and rollback, oldest first."""
    path = place_of(rules) / "journal.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return tuple(json.loads(line) for line in lines if line.strip())


@contextmanager
def _alone(rules: Path) -> Iterator[None]:
    """One publisher at a time on this machine."""
    place_of(rules).mkdir(parents=True, exist_ok=True)
    with (place_of(rules) / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _keep_unpublished(rules: Path, draft: Path, *, by: str, at: datetime) -> None:
    """Before the first publication: what is in force becomes version 1, unless it is the draft or is wrong."""
    if history(rules) or not rules.exists() or rules.resolve() == draft.resolve():
        return
    with suppress(RuleError):  # wrong rules were not in force either
        _keep(rules, rules, load_rules(rules), by=by, at=at, note="in force before the first publication")


def _keep(rules: Path, source: Path, ruleset: RuleSet, *, by: str, at: datetime, note: str) -> Version:
    number = max((one.number for one in history(rules)), default=0) + 1
    version = Version(number, ruleset.fingerprint, at.isoformat(), by, note, len(ruleset.rules))
    target = place_of(rules) / version.name
    half = target.with_name(f".{version.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    files = (
        sorted(one for one in source.iterdir() if one.suffix in (".yaml", ".yml"))
        if source.is_dir()
        else [source]
    )
    for file in files:
        _write(half / file.name, file.read_bytes())
    _write(half / "version.json", (json.dumps(asdict(version), indent=1) + "\n").encode())
    _settle(half)
    # A reader sees the whole version or none of it.
    half.rename(target)
    _settle(target.parent)
    return version


def _put_in_force(
    rules: Path, version: Version, *, by: str, at: datetime, what: str, note: str
) -> Publication:
    before = current(rules)
    changed = before is None or before.number != version.number
    if changed:
        place = place_of(rules)
        entry = {
            "at": at.isoformat(),
            "by": by,
            "what": what,
            "version": version.number,
            "fingerprint": version.fingerprint,
            "before": None if before is None else before.number,
            "note": note,
        }
        # First: a crash in between leaves a line too many, never a version in force that no line tells of.
        with (place / "journal.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(entry, ensure_ascii=False) + "\n")
            lines.flush()
            os.fsync(lines.fileno())
        link = place / ".current.new"
        link.unlink(missing_ok=True)
        link.symlink_to(version.name)
        link.replace(place / "current")
        _settle(place)
    return Publication(version, before, changed)


def _read(folder: Path) -> Version:
    try:
        return Version(**json.loads((folder / "version.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise VersionError(
            f"{folder}/version.json cannot be read ({error}).",
            "Restore the folder from a backup, or remove it.",
        ) from error


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _settle(folder: Path) -> None:
    """Make the names in a folder survive a crash of the machine."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
