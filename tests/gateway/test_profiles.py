"""The folder of a site's profiles: each file stands alone, is found by its name, and a wrong one is told in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.privacy.errors import ProfileError
from gateway.privacy.profile.profile import load_profile
from gateway.profiles import SiteProfiles, read_file, read_folder

GOOD = 'extends: pml-read\nname: {name}\nversion: "1"\n'


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(text.format(name=name), encoding="utf-8")
    return file


def refused(file: Path) -> list[str]:
    """What is wrong with a file."""
    with pytest.raises(ProfileError) as caught:
        read_file(file)
    assert str(file) in caught.value.fix
    assert all(problem.told in caught.value.problem for problem in caught.value.problems)
    assert all(problem.fix for problem in caught.value.problems)
    return list(map(str, caught.value.problems))


def test_a_profile_is_found_by_its_name_beside_the_shipped_ones(tmp_path: Path) -> None:
    """The site's by the name of its file, the shipped one by its own; another name says what there may be."""
    written(tmp_path, "north", GOOD)
    (tmp_path / "notes.txt").write_text("not read")
    profiles = read_folder(tmp_path)
    assert list(profiles.found) == ["north"]
    assert profiles.get("north").name == "north"
    assert profiles.get("pml-read") is load_profile()
    assert profiles.problems() == []
    with pytest.raises(ProfileError, match="There is no profile 'south'") as caught:
        profiles.get("south")
    assert "[files] profiles" in caught.value.fix


def test_a_wrong_file_does_not_spoil_the_others(tmp_path: Path) -> None:
    """Whoever asks for it is told everything, each time anew; nobody gets the shipped one instead."""
    written(tmp_path, "north", GOOD)
    written(tmp_path, "south", GOOD + "colour: blue\noptions: [retain_uids]\n")
    profiles = read_folder(tmp_path)
    assert profiles.get("north").version == "1"
    told = []
    for _ in range(2):
        with pytest.raises(ProfileError) as caught:
            profiles.get("south")
        told.append(caught.value)
    assert told[0] is not told[1]
    assert [problem.line for problem in told[1].problems] == [4, 5]
    assert [wrong.problem for wrong in profiles.problems()] == [told[0].problem]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("extends: pml-read\nname: south\nversion: '1'\n", [":2: name: is not that of the file (found south)"]),
        ("extends: pml-read\nname: north\n", [":1: version: is missing"]),
        ("extends: pml-read\nname: north\nversion:\n", [":3: version: is missing"]),
        ("extends: pml-read\nname: north\nversion: 2026-11-20\n", [":3: version: is not a text (found 2026-11-20)"]),
        ("extends: other\nname: north\nversion: '1'\n", [":1: extends: names no shipped profile (found other)"]),
        ("rules: [", [":1: is not YAML"]),
        ("- a\n", [":1: is not a table", ":1: name: is not", ":1: version: is missing"]),
        ("name: [a]\n", ["extends: names no", "name: is not a text", "name: is not that of", "version: is missing"]),
    ],
)  # fmt: skip
def test_everything_wrong_with_a_file_is_told_with_its_line(
    tmp_path: Path, text: str, told: list[str]
) -> None:
    """Its content, its name, its version; one round of corrections is enough."""
    found = refused(written(tmp_path, "north", text))
    assert len(found) == len(told)
    for expected, problem in zip(told, found, strict=True):
        assert problem.startswith("north.yaml:")
        assert expected in problem


def test_a_site_cannot_put_its_own_profile_in_the_place_of_a_shipped_one(tmp_path: Path) -> None:
    """A file called pml-read.yaml is refused, so that the name means the same at every site."""
    assert any("of a shipped profile" in problem for problem in refused(written(tmp_path, "pml-read", GOOD)))


def test_a_file_that_cannot_be_read_is_a_problem_of_that_file(tmp_path: Path) -> None:
    """No UTF-8, or not there: said, not raised as something else."""
    (tmp_path / "north.yaml").write_bytes(b"\xff\xfe")
    assert "cannot be read" in refused(tmp_path / "north.yaml")[0]
    assert "cannot be read" in refused(tmp_path / "none.yaml")[0]
    assert [type(found) for found in read_folder(tmp_path).found.values()] == [ProfileError]
    assert SiteProfiles().problems() == []
