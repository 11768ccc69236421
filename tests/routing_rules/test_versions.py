"""Published rules are kept for ever, one version is in force, and any can be put back."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from routing_rules import versions
from routing_rules.errors import RuleFileError
from routing_rules.rule_files import load_rules
from routing_rules.versions import Publication, VersionError

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULE = "rules:\n  - {{id: {0}, title: A rule, when: {{modalities: {{is: MR}}}}}}\n"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The folder that people edit, with a rule `first`."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.yaml").write_text(RULE.format("first"))
    return folder


def draft(rules: Path, rule_id: str) -> Path:
    """Another folder with one rule of this id."""
    folder = rules.parent / f"draft-{rule_id}"
    folder.mkdir(exist_ok=True)
    (folder / "a.yaml").write_text(RULE.format(rule_id))
    return folder


def publish(rules: Path, rule_id: str) -> Publication:
    """Publish a draft with one rule of this id."""
    return versions.publish(rules, draft(rules, rule_id), by="ana", at=AT, note=f"now {rule_id}")


def ids(rules: Path) -> list[str]:
    """The rules in force."""
    return [rule.id for rule in load_rules(versions.in_force(rules)).rules]


def test_until_something_is_published_the_edited_folder_is_in_force(rules: Path) -> None:
    """No version, no ceremony."""
    assert versions.in_force(rules) == rules
    assert (versions.history(rules), versions.current(rules), versions.journal(rules)) == ((), None, ())


def test_publishing_keeps_what_was_in_force_before(rules: Path) -> None:
    """The first publication keeps the edited folder as version 1, so that there is a way back."""
    done = publish(rules, "second")
    assert (done.version.number, done.before, done.changed, ids(rules)) == (2, None, True, ["second"])
    assert [(one.number, one.note) for one in versions.history(rules)] == [
        (1, "in force before the first publication"),
        (2, "now second"),
    ]
    back = versions.roll_back(rules, "1", by="ben", at=AT)
    assert (back.version.number, back.before, ids(rules)) == (1, done.version, ["first"])


def test_editing_after_publishing_changes_nothing_in_force(rules: Path) -> None:
    """The published copy is in force, not the folder it was made of."""
    versions.publish(rules, rules, by="ana", at=AT)
    (rules / "a.yaml").write_text(RULE.format("edited"))
    assert ids(rules) == ["first"]
    assert len(versions.history(rules)) == 1


def test_a_version_is_found_by_the_fingerprint_that_a_case_keeps(rules: Path) -> None:
    """The fingerprint stored with a case leads to the rules that routed it, word for word."""
    fingerprint = load_rules(rules).fingerprint
    publish(rules, "second")
    done = versions.roll_back(rules, fingerprint[:8], by="ana", at=AT)
    assert (
        load_rules(versions.place_of(rules) / done.version.name).fingerprint
        == done.version.fingerprint
        == fingerprint
    )


def test_equal_rules_are_one_version(rules: Path) -> None:
    """Publishing what is kept already puts that version in force; what is in force already changes nothing."""
    publish(rules, "second")
    again = publish(rules, "second")
    assert (again.version.number, again.changed) == (2, False)
    first = versions.publish(rules, rules, by="ana", at=AT)
    assert (first.version.number, first.changed, len(versions.history(rules))) == (1, True, 2)


def test_every_change_is_in_the_journal(rules: Path) -> None:
    """Publications and rollbacks, who and why, oldest first."""
    publish(rules, "second")
    versions.roll_back(rules, "1", by="ben", at=AT, note="too many")
    assert [
        (line["what"], line["version"], line["before"], line["by"], line["note"])
        for line in versions.journal(rules)
    ] == [
        ("published", 2, None, "ana", "now second"),
        ("rolled back to", 1, 2, "ben", "too many"),
    ]


def test_a_draft_with_problems_changes_nothing(rules: Path) -> None:
    """Wrong rules are refused before anything is written."""
    bad = draft(rules, "x")
    (bad / "a.yaml").write_text("rules: 1\n")
    with pytest.raises(RuleFileError):
        versions.publish(rules, bad, by="ana", at=AT)
    assert not versions.place_of(rules).exists()


@pytest.mark.parametrize(
    ("wanted", "said"), [("9", "no version 9"), ("zzzz", "no version zzzz"), ("", "no version")]
)
def test_a_version_that_is_not_there_is_refused_with_those_that_are(
    rules: Path, wanted: str, said: str
) -> None:
    """The refusal lists what could be meant."""
    publish(rules, "second")
    with pytest.raises(VersionError, match=said) as caught:
        versions.roll_back(rules, wanted, by="ana", at=AT)
    assert "1 (" in caught.value.fix
    assert "2 (" in caught.value.fix


def test_without_versions_a_rollback_says_how_to_publish(rules: Path) -> None:
    """Nothing to go back to."""
    with pytest.raises(VersionError) as caught:
        versions.roll_back(rules, "1", by="ana", at=AT)
    assert "gateway rules publish" in caught.value.fix


def test_half_a_publication_is_no_version(rules: Path) -> None:
    """What a crash left behind is not taken for a version, and the next publication is whole."""
    place = versions.place_of(rules)
    (place / ".0002-abc.half").mkdir(parents=True)
    (place / ".current.new").symlink_to("nowhere")
    assert versions.in_force(rules) == rules
    publish(rules, "second")
    assert ids(rules) == ["second"]
    assert os.readlink(place / "current") == versions.history(rules)[1].name


def test_a_damaged_version_is_named(rules: Path) -> None:
    """A version whose record was damaged is named with what to do, not passed over."""
    publish(rules, "second")
    record = versions.place_of(rules) / "current" / "version.json"
    record.write_text(json.dumps({"number": 2}))
    with pytest.raises(VersionError, match=r"version\.json cannot be read"):
        versions.history(rules)


def test_one_file_of_rules_can_be_published(tmp_path: Path) -> None:
    """Settings may name a file instead of a folder."""
    file = tmp_path / "rules.yaml"
    file.write_text(RULE.format("only"))
    versions.publish(file, file, by="ana", at=AT)
    assert ids(file) == ["only"]
