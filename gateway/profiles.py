"""A site's own de-identification profiles: one YAML file each in `[files] profiles`, layered on a shipped one.

A file that is wrong is never half obeyed and nothing older stands in for it: whoever asks for that profile is told what
is wrong, and the case is parked. The other profiles stay usable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from gateway.privacy.errors import ProfileError
from gateway.privacy.profile.profile import Profile, load_profile

FIX = "Name a file of the folder [files] profiles (without .yaml), or the shipped profile 'pml-read'."


@dataclass(frozen=True)
class SiteProfiles:
    """Every profile that rules may name besides the shipped ones, by name: usable, or what is wrong with it."""

    found: Mapping[str, Profile | ProfileError] = field(default_factory=dict)

    def get(self, name: str) -> Profile:
        """The profile a rule or the settings name; raises ProfileError with every problem of its file."""
        chosen = self.found.get(name)
        if isinstance(chosen, Profile):
            return chosen
        if isinstance(chosen, ProfileError):
            # A new one each time: raising one object twice would grow its traceback for ever.
            raise ProfileError(chosen.problems, chosen.fix)
        try:
            return load_profile(name)
        except ProfileError as error:
            raise ProfileError(error.problems, FIX) from None

    def problems(self) -> list[ProfileError]:
        """What is wrong, file by file."""
        return [each for each in self.found.values() if isinstance(each, ProfileError)]


def read_folder(folder: Path) -> SiteProfiles:
    """Every `*.yaml` of a folder; never raises for what stands in a file."""
    return SiteProfiles({file.stem: _judged(file) for file in sorted(folder.glob("*.yaml"))})


def read_file(file: Path) -> Profile:
    """One layered profile; raises ProfileError naming the file and everything wrong with it."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(
            [f"{file.name}: cannot be read ({type(error).__name__})"], f"Correct {file} or its permissions."
        ) from None
    base, name, problems = _head(text)
    problems += [] if name == file.stem else [f"its name is {name!r}, expected the file's: {file.stem!r}"]
    try:
        profile = load_profile(base, text)
    except ProfileError as error:
        problems += error.problems
    except (TypeError, ValueError, AttributeError, LookupError):  # a list where a table belongs, and the like
        problems.append("it is not built as a profile")
    if problems:
        raise ProfileError([f"{file.name}: {problem}" for problem in problems], f"Correct {file}.")
    return profile


def _judged(file: Path) -> Profile | ProfileError:
    try:
        return read_file(file)
    except ProfileError as error:
        return error


def _head(text: str) -> tuple[str, object, list[str]]:
    """The shipped profile it builds on, its own name, and what is wrong with these two."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        return "pml-read", None, []  # load_profile says where
    if not isinstance(content, dict):
        return "pml-read", None, []
    name, base, problems = content.get("name"), content.get("extends"), []
    if not content.get("version"):
        problems.append("it has no version")
    try:
        load_profile(str(name))
        problems.append(f"the name {name!r} is taken by a shipped profile")
    except ProfileError:
        pass
    try:
        load_profile(str(base))
    except ProfileError:
        return "pml-read", name, problems  # load_profile says that `extends` is wrong
    return str(base), name, problems
