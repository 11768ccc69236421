"""`gateway check` rings where a critical result would reach nobody."""

from __future__ import annotations

from pathlib import Path

from gateway.service.contacts_check import contacts
from gateway.settings import Settings

CHAIN = """\
sites:
  north:
    critical:
      - {minutes: 5, contacts: [{name: Ward, mail: w@north.example, account: ward}]}
"""


def told(
    folder: Path, text: str, sites: set[str], accounts: set[tuple[str, str]], mail_host: str = "mail.example"
) -> list[tuple[str, bool]]:
    """Each problem, and whether the gateway should not be started with it."""
    file = folder / "contacts.yaml"
    file.write_text(text)
    settings = Settings.model_validate({"files": {"contacts": file}, "notify": {"mail_host": mail_host}})
    return [(problem.problem, problem.severe) for problem in contacts(settings, sites, accounts)]


def test_a_site_without_contacts_is_named(tmp_path: Path) -> None:
    """Without a file each site is."""
    [(problem, severe)] = told(tmp_path, CHAIN, {"north", "south"}, {("ward", "north")})
    assert ("Site south has no contacts" in problem, severe) == (True, False)
    assert len(list(contacts(Settings(), {"north", "south"}, None))) == 2


def test_an_account_that_may_not_acknowledge_is_named(tmp_path: Path) -> None:
    """And a site in which nobody may."""
    problems = [problem for problem, _ in told(tmp_path, CHAIN, {"north"}, {("ward", "south")})]
    assert ["names the account ward" in problems[0], "no account that may" in problems[1]] == [True, True]


def test_an_unknown_site_and_a_missing_mail_server_are_named(tmp_path: Path) -> None:
    """Both would be silence."""
    problems = [problem for problem, _ in told(tmp_path, CHAIN, set(), set(), mail_host="")]
    assert "names the site 'north'" in problems[0]
    assert "no mail server" in problems[1]


def test_faults_of_the_file_have_their_line(tmp_path: Path) -> None:
    """And nothing else is said of such a file."""
    [(problem, severe)] = told(tmp_path, CHAIN.replace("minutes: 5", "minutes: 0"), {"south"}, set())
    assert ("contacts.yaml:4" in problem, severe) == (True, True)
