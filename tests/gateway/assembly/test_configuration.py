"""Nodes, rules and profiles: read when asked for and when they changed; the last good ones while they are wrong."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dicom_nodes.errors import NodeFileError
from gateway.assembly.configuration import Reloaded, nodes_of, profiles_of, rules_of
from gateway.privacy.errors import ProfileError
from gateway.settings import FileSettings
from routing_rules import versions
from routing_rules.errors import RuleFileError

NODE = "nodes:\n  - {{name: {name}, kind: dimse, ae_title: A, host: h, port: 104, roles: [sender], site: here}}\n"
RULE = "rules:\n  - {{id: {id}, title: A rule, when: {{modalities: {{is: MR}}}}}}\n"
PROFILE = "name: ours\nextends: pml-read\nversion: '{version}'\nrules: {{}}\n"


@pytest.fixture
def files(tmp_path: Path) -> FileSettings:
    """Where they would be; nothing is there yet."""
    return FileSettings(
        nodes=tmp_path / "nodes.yaml", rules=tmp_path / "rules", profiles=tmp_path / "profiles"
    )


def write(path: Path, text: str, moment: int = 0) -> None:
    """A file that was last changed `moment` seconds after another one."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (1_700_000_000 + moment,) * 2)


def test_what_is_not_there_is_empty(files: FileSettings) -> None:
    """No node, no rule, no profile of the site; and each is there as soon as its file is."""
    nodes, rules, profiles = nodes_of(files), rules_of(files), profiles_of(files)
    assert (list(nodes()), rules().rules, dict(profiles().found)) == ([], (), {})
    write(files.nodes, NODE.format(name="pacs"))
    write(files.rules / "a.yaml", RULE.format(id="any"))
    write(files.profiles / "ours.yaml", PROFILE.format(version="1"))
    assert [node.name for node in nodes()] == ["pacs"]
    assert [rule.id for rule in rules().rules] == ["any"]
    assert profiles().get("ours").name == "ours"


def test_a_file_is_read_again_only_when_it_changed(tmp_path: Path) -> None:
    """Every call looks at its date, most find it unchanged."""
    read: list[str] = []

    def reading(path: Path) -> str:
        read.append(path.read_text())
        return read[-1]

    file = tmp_path / "file.yaml"
    value = Reloaded(file, reading, lambda: "nothing")
    assert value() == "nothing"
    write(file, "one")
    assert [value(), value()] == ["one", "one"]
    write(file, "two", moment=1)
    assert [value(), value()] == ["two", "two"]
    assert read == ["one", "two"]
    file.unlink()
    assert value() == "nothing"


def test_a_folder_changes_with_every_file_in_it(files: FileSettings) -> None:
    """One more, one fewer, one changed; at any depth."""
    rules = rules_of(files)
    write(files.rules / "a.yaml", RULE.format(id="a"))
    assert [rule.id for rule in rules().rules] == ["a"]
    write(files.rules / "b.yaml", RULE.format(id="b"))
    assert sorted(rule.id for rule in rules().rules) == ["a", "b"]
    (files.rules / "a.yaml").unlink()
    assert [rule.id for rule in rules().rules] == ["b"]


def test_nodes_and_rules_that_become_wrong_leave_the_last_good_ones_in_force(
    files: FileSettings,
) -> None:
    """A typing error in the middle of the day turns nobody away; it is said once, and the next change is read."""
    nodes, rules = nodes_of(files), rules_of(files)
    write(files.nodes, NODE.format(name="pacs"))
    write(files.rules / "a.yaml", RULE.format(id="any"))
    nodes(), rules()
    write(files.nodes, "nodes: [", moment=1)
    write(files.rules / "a.yaml", "rules: [{id: any}]", moment=1)
    with capture_logs() as told:
        for _ in range(2):
            assert [node.name for node in nodes()] == ["pacs"]
            assert [rule.id for rule in rules().rules] == ["any"]
    assert [line["event"] for line in told] == ["a changed file is wrong; the one before stays in force"] * 2
    write(files.nodes, NODE.format(name="other"), moment=2)
    assert [node.name for node in nodes()] == ["other"]


def test_what_is_wrong_from_the_start_is_an_error(files: FileSettings) -> None:
    """There is no good one before it: whoever asks is told, each time."""
    nodes, rules = nodes_of(files), rules_of(files)
    write(files.nodes, "nodes: [")
    write(files.rules / "a.yaml", "rules: [{id: any}]")
    for _ in range(2):
        with pytest.raises(NodeFileError):
            nodes()
        with pytest.raises(RuleFileError):
            rules()


def test_an_older_profile_never_stands_in_for_a_changed_one(files: FileSettings) -> None:
    """What a site wrote to be removed must not be kept because of a typing error: it is told, not passed over."""
    profiles = profiles_of(files)
    write(files.profiles / "ours.yaml", PROFILE.format(version="1"))
    assert profiles().get("ours").name == "ours"
    write(files.profiles / "ours.yaml", "name: ours\nrules: [", moment=1)
    with pytest.raises(ProfileError):
        profiles().get("ours")


def test_published_rules_are_in_force_and_the_edited_folder_is_not(files: FileSettings) -> None:
    """Also while that folder is wrong; and what is rolled back is in force at the next call."""
    rules, now = rules_of(files), datetime.now(UTC)
    write(files.rules / "a.yaml", RULE.format(id="first"))
    versions.publish(files.rules, files.rules, by="test", at=now)
    write(files.rules / "a.yaml", RULE.format(id="second"))
    assert [rule.id for rule in rules().rules] == ["first"]
    versions.publish(files.rules, files.rules, by="test", at=now)
    assert [rule.id for rule in rules().rules] == ["second"]
    write(files.rules / "a.yaml", "rules: [")
    assert [rule.id for rule in rules().rules] == ["second"]
    versions.roll_back(files.rules, "1", by="test", at=now)
    assert [rule.id for rule in rules().rules] == ["first"]
