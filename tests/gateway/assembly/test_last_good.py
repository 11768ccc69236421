"""What was good is in force across restarts while somebody mends the file."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from dicom_nodes.errors import NodeFileError
from gateway.assembly.configuration import nodes_of, rules_of
from gateway.assembly.gateway import open_gateway
from gateway.settings import FileSettings, Settings
from routing_rules.errors import RuleFileError

NODE = "nodes:\n  - {{name: {name}, ae_title: A, host: h, port: 104, roles: [sender], site: here}}\n"
RULE = "rules:\n  - {{id: {id}, title: A rule, when: {{modalities: {{is: MR}}}}}}\n"
BROKEN = "nodes:\n  - {name: pacs, ae_title: A\n"

_moments = iter(range(1_700_000_000, 2_000_000_000))


@pytest.fixture
def files(tmp_path: Path) -> FileSettings:
    """One node and one rule."""
    found = FileSettings(nodes=tmp_path / "nodes.yaml", rules=tmp_path / "rules")
    write(found.nodes, NODE.format(name="pacs"))
    write(found.rules / "a.yaml", RULE.format(id="any"))
    return found


@pytest.fixture
def kept_in(tmp_path: Path) -> Path:
    """Where the last good ones are kept."""
    return tmp_path / "last-good"


def write(path: Path, text: str) -> None:
    """A file that was changed later than any before."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (next(_moments),) * 2)


def names(files: FileSettings, kept_in: Path | None) -> list[str]:
    """The nodes as a process that starts now has them."""
    return [node.name for node in nodes_of(files, kept_in)()]


def test_a_broken_file_does_not_stop_a_process_that_starts(files: FileSettings, kept_in: Path) -> None:
    """The nodes of before are in force; what is wrong is said with file, line and fix; mended, it counts again."""
    assert names(files, kept_in) == ["pacs"]
    write(files.nodes, BROKEN)
    nodes = nodes_of(files, kept_in)
    assert [node.name for node in nodes()] == ["pacs"]
    wrong = nodes.wrong
    assert wrong is not None
    assert (wrong.what, wrong.file) == ("nodes", files.nodes)
    assert wrong.good_at is not None
    assert f"{files.nodes}:" in wrong.faults[0].problem
    assert wrong.faults[0].fix
    write(files.nodes, NODE.format(name="mended"))
    assert [node.name for node in nodes()] == ["mended"]
    assert nodes.wrong is None
    write(files.nodes, BROKEN)
    assert names(files, kept_in) == ["mended"]


def test_rules_stay_in_force_as_they_were(files: FileSettings, kept_in: Path) -> None:
    """With the same fingerprint: a case that is routed meanwhile names the rules that routed it."""
    before = rules_of(files, kept_in)()
    write(files.rules / "b.yaml", "rules: [{id: 1")
    rules = rules_of(files, kept_in)
    assert (rules().fingerprint, [rule.id for rule in rules().rules]) == (before.fingerprint, ["any"])
    assert rules().rules == before.rules
    assert rules.wrong is not None
    assert "b.yaml:1" in rules.wrong.faults[0].problem


def test_the_sites_vendor_facts_are_among_the_rules(files: FileSettings, kept_in: Path) -> None:
    """They are part of what is in force, and of the fingerprint."""
    write(files.rules / "vendor_facts.yaml", "")
    before = rules_of(files, kept_in)()
    write(files.rules / "a.yaml", "rules: [")
    assert rules_of(files, kept_in)().fingerprint == before.fingerprint


def test_a_file_that_is_gone_is_no_empty_one(files: FileSettings, kept_in: Path) -> None:
    """A mount that is missing turns no sender away; a file without entries does."""
    nodes = nodes_of(files, kept_in)
    nodes()
    files.nodes.unlink()
    for process in (nodes, nodes_of(files, kept_in)):
        assert [node.name for node in process()] == ["pacs"]
        assert process.wrong is not None
        assert "is not there any more" in process.wrong.faults[0].problem
    write(files.nodes, "nodes: []\n")
    assert list(nodes()) == []


def test_with_nothing_good_before_what_is_wrong_is_said(files: FileSettings, kept_in: Path) -> None:
    """As without a place to keep it in."""
    write(files.nodes, BROKEN)
    write(files.rules / "a.yaml", "rules: [")
    for place in (kept_in, None):
        with pytest.raises(NodeFileError):
            nodes_of(files, place)()
        with pytest.raises(RuleFileError):
            rules_of(files, place)()
    files.nodes.unlink()
    assert names(files, kept_in) == []


def test_commands_neither_keep_nor_go_on_with_what_was_good(files: FileSettings, kept_in: Path) -> None:
    """Another account may give them, and who gives them is the one who mends the file."""
    assert names(files, None) == ["pacs"]
    assert not kept_in.exists()
    assert names(files, kept_in) == ["pacs"]
    write(files.nodes, BROKEN)
    with pytest.raises(NodeFileError):
        names(files, None)


def test_it_is_the_owners_and_is_written_once(files: FileSettings, kept_in: Path) -> None:
    """Mode 0600, replaced as a whole, and only when something changed."""
    names(files, kept_in)
    file = kept_in / "nodes.json"
    first = file.stat()
    assert stat.S_IMODE(first.st_mode) == 0o600
    names(files, kept_in)
    assert file.stat().st_ino == first.st_ino
    write(files.nodes, NODE.format(name="other"))
    names(files, kept_in)
    assert file.stat().st_ino != first.st_ino
    assert [path.name for path in kept_in.iterdir()] == ["nodes.json"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "null",
        "\0",
        '{"form": 2}',
        '{"form": 1, "texts": 3, "kept_at": "2026-01-01"}',
        '{"form": 1, "texts": {"a": "nodes: []"}, "kept_at": "x"}',
        '{"form": 1, "texts": {}, "kept_at": "2026-01-01"}',
    ],
)
def test_what_is_kept_may_be_damaged(files: FileSettings, kept_in: Path, content: str) -> None:
    """Then it is as if there were none: no other error hides what is wrong with the file."""
    kept_in.mkdir()
    (kept_in / "nodes.json").write_text(content)
    assert names(files, kept_in) == ["pacs"]
    assert json.loads((kept_in / "nodes.json").read_text())["form"] == 1
    (kept_in / "nodes.json").write_text(content)
    write(files.nodes, BROKEN)
    with pytest.raises(NodeFileError):
        names(files, kept_in)


def test_a_place_that_cannot_be_written_stops_nothing(files: FileSettings, kept_in: Path) -> None:
    """The configuration is in force all the same."""
    kept_in.write_text("a file")
    assert names(files, kept_in) == ["pacs"]


def test_what_could_not_be_kept_is_not_replaced_by_an_older_text(files: FileSettings, kept_in: Path) -> None:
    """The disk was full when the newer nodes were read: they stay in force, not the older ones on disk; what another
    process kept since then is newer still."""
    nodes, aside = nodes_of(files, kept_in), kept_in.with_name("aside")
    write(files.nodes, NODE.format(name="older"))
    nodes()
    kept_in.rename(aside)
    kept_in.write_text("no folder")
    write(files.nodes, NODE.format(name="newer"))
    assert [node.name for node in nodes()] == ["newer"]
    kept_in.unlink()
    aside.rename(kept_in)
    write(files.nodes, BROKEN)
    assert [node.name for node in nodes()] == ["newer"]
    write(files.nodes, NODE.format(name="newest"))
    assert names(files, kept_in) == ["newest"]
    write(files.nodes, BROKEN)
    assert [node.name for node in nodes()] == ["newest"]


def test_files_that_nodes_name_are_looked_for_where_the_nodes_stood(
    files: FileSettings, kept_in: Path, tmp_path: Path
) -> None:
    """A token lies beside nodes.yaml, not beside its kept text."""
    (tmp_path / "token").write_text("secret")
    web = "nodes:\n  - {name: web, kind: dicomweb, url: https://web, roles: [reader], token_file: token}\n"
    write(files.nodes, web)
    names(files, kept_in)
    assert "secret" not in (kept_in / "nodes.json").read_text()
    write(files.nodes, BROKEN)
    assert names(files, kept_in) == ["web"]


@pytest.fixture
def settings(files: FileSettings, tmp_path: Path) -> Settings:
    """A gateway beside those files."""
    storage = {
        "database": f"sqlite:///{tmp_path}/data/gateway.sqlite",
        "objects": tmp_path / "data" / "objects",
        "keys": tmp_path / "keys",
    }
    return Settings.model_validate({"storage": storage, "files": files.model_dump()})


def test_what_serves_keeps_them_beside_the_objects_and_names_what_is_wrong(
    settings: Settings, files: FileSettings, tmp_path: Path
) -> None:
    """One process after another, as after a restart; a setting names another folder."""
    for number, broken in enumerate((False, True)):
        if broken:
            write(files.nodes, BROKEN)
        gateway = open_gateway(settings, serves=True)
        wrong = gateway.wrong_configuration()
        assert [one.what for one in wrong] == (["nodes"] if broken else []), number
        assert [node.name for node in gateway.directory()] == ["pacs"]
        gateway.database.close()
    assert (tmp_path / "data" / "last-good" / "nodes.json").exists()
    elsewhere = settings.storage.model_copy(update={"last_good": tmp_path / "elsewhere"})
    write(files.nodes, NODE.format(name="pacs"))
    gateway = open_gateway(settings.model_copy(update={"storage": elsewhere}), serves=True)
    gateway.directory()
    gateway.database.close()
    assert (tmp_path / "elsewhere" / "nodes.json").exists()
