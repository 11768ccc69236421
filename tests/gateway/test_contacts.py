"""Whom to tell is one file: a chain for each site, readers, targets; what is wrong in it is told with its line."""

from __future__ import annotations

from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from gateway.contacts import Contacts, ContactsError, site_contacts
from gateway.records.ledger.telling.chain import ChainStep, Way

GOOD = """\
readers:
  - {name: Reading room, mail: room@reading.example}
sites:
  north:
    critical:
      - minutes: 30
        contacts:
          - {name: Ward, mail: ward@north.example, account: ward}
          - {name: Alarm, webhook: "https://alarm.north.example/calls", token_file: alarm.token}
      - minutes: 60
        contacts:
          - {name: Head, mail: head@north.example}
    target_hours: {suspected_pml: 4, surveillance: 72}
"""


def written(folder: Path, text: str) -> Path:
    """The file, with a token beside it."""
    (folder / "alarm.token").write_text("secret\n")
    file = folder / "contacts.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_example_can_be_used() -> None:
    """It names a chain of two steps, a reader and targets."""
    example = Path(str(files("gateway") / "examples" / "contacts.yaml"))
    told = site_contacts(example)
    assert [len(step.ways) for step in told.chain("north")] == [1, 1]
    assert len(told.readers) == 1
    assert told.target("north", "suspected_pml") == timedelta(hours=4)


def test_without_a_file_nobody_is_told() -> None:
    """Nothing has to be written for a gateway to start; the check rings."""
    assert site_contacts(None) == Contacts()


def test_a_file_gives_chains_contacts_tokens_and_targets(tmp_path: Path) -> None:
    """The chain has names and ways alone; tokens are read from their own files and never shown."""
    told = site_contacts(written(tmp_path, GOOD))
    assert told.chain("north") == (
        ChainStep(timedelta(minutes=30), (Way("Ward", "mail"), Way("Alarm", "webhook"))),
        ChainStep(timedelta(minutes=60), (Way("Head", "mail"),)),
    )
    assert told.chain("south") == ()
    alarm = told.named("north", "Alarm")
    assert alarm is not None
    assert alarm.token == "secret"
    assert "secret" not in repr(told)
    assert told.named("", "Reading room") == told.readers[0]
    assert told.named("south", "Ward") is None
    assert told.accounts("north") == {"ward"}
    assert told.target("north", "suspected_pml") == timedelta(hours=4)
    assert told.target("south", "suspected_pml") is None
    assert told.mails


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("mail: ward@north.example", "mail: ward", 8, "no mail address"),
        ("minutes: 30", "minutes: 0", 6, "no time to wait"),
        ("minutes: 30", "minutes: .nan", 6, "no time to wait"),
        ("mail: head@north.example", "account: head", 12, "neither mail nor webhook"),
        ("https://alarm.north.example/calls", "ftp://alarm", 9, "no address of a webhook"),
        ("name: Head,", "name: Ward,", 12, "same name"),
        ("suspected_pml: 4", "suspected: 4", 13, "no referral"),
        ("surveillance: 72", "surveillance: -1", 13, "no target"),
        ("token_file: alarm.token", "token_file: gone", None, "cannot be read"),
        ("critical:", "chain:", 5, "nothing of this name"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int | None, said: str
) -> None:
    """And with what to write instead; nothing of such a file is used."""
    with pytest.raises(ContactsError) as caught:
        site_contacts(written(tmp_path, GOOD.replace(old, new, 1)))
    [problem] = caught.value.problems
    assert said in problem.problem
    assert problem.fix
    if line is not None and said not in ("same name", "no referral", "no target"):
        assert problem.line == line


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A misspelt path must not mean that nobody is told."""
    with pytest.raises(ContactsError, match="cannot be read"):
        site_contacts(tmp_path / "none.yaml")
