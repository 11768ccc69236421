"""A site's own de-identification profiles: one YAML file each in `[files] profiles`, layered on a shipped one.

A file that is wrong is never half obeyed and nothing older stands in for it: whoever asks for that profile is told what
is wrong, and the case is parked. The other profiles stay usable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dicom_nodes.config_files.file_problem import FileProblem, unreadable
from dicom_nodes.config_files.yaml_lines import LinedYaml, read_yaml
from gateway.privacy.errors import ProfileError
from gateway.privacy.profile.profile import Profile, load_profile, shipped_profiles

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
            raise ProfileError(chosen.problem, chosen.fix, chosen.problems)
        try:
            return load_profile(name)
        except ProfileError as error:
            raise ProfileError(error.problem, FIX) from None

    def problems(self) -> list[ProfileError]:
        """What is wrong, file by file."""
        return [each for each in self.found.values() if isinstance(each, ProfileError)]


def read_folder(folder: Path) -> SiteProfiles:
    """Every `*.yaml` of a folder; never raises for what stands in a file."""
    return SiteProfiles({file.stem: _judged(file) for file in sorted(folder.glob("*.yaml"))})


def read_file(file: Path) -> Profile:
    """One layered profile; raises ProfileError with everything wrong with its file."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError.of([unreadable(file, error)], f"Correct {file} or its permissions.") from None
    read = read_yaml(text, file.name, aliases=True)
    problems: list[FileProblem] = []
    profile: Profile | None = None
    try:
        profile = load_profile(_base(read), text, file.name)
    except ProfileError as error:
        problems += error.problems
    if not read.problems:
        problems += _problems_of_its_name(read, file)
    if problems or profile is None:
        raise ProfileError.of(problems, f"Correct {file}.")
    return profile


def _judged(file: Path) -> Profile | ProfileError:
    try:
        return read_file(file)
    except ProfileError as error:
        return error


def _base(read: LinedYaml) -> str:
    """The shipped profile a file says it builds on; the default one, which is then missed there, when it is none."""
    extends = read.data.get("extends") if isinstance(read.data, dict) else None
    return extends if isinstance(extends, str) and extends in shipped_profiles() else "pml-read"


def _problems_of_its_name(read: LinedYaml, file: Path) -> Iterator[FileProblem]:
    """What a file needs besides what a profile does: to be found by its name, and told apart from its last version."""
    content = read.data if isinstance(read.data, dict) else {}
    name = str(content.get("name"))
    if name != file.stem:
        fix = f"Write name: {file.stem}, or rename the file."
        yield FileProblem(file.name, read.line(("name",)), "name: is not that of the file", name, fix)
    if name in shipped_profiles():
        fix = "Give the site's profile a name of its own."
        yield FileProblem(file.name, read.line(("name",)), "name: is that of a shipped profile", name, fix)
    if not content.get("version"):
        fix = 'Write version: "1", and raise it with each change.'
        yield FileProblem(file.name, read.line(("version",)), "version: is missing", "", fix)
