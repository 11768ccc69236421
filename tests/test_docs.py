"""The documentation is complete and true: what the code has stands there, what is generated is as the code says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from gateway.cli import app
from gateway.identity.attributes import ARCHIVES, FILLED_IN, WRITTEN_BY_ARCHIVES
from gateway.identity.content import DifferenceKind
from gateway.lifecycle import CaseState, ConflictState, ReplyState, ResultState, StudyState
from gateway.privacy.derivation import Purpose
from gateway.privacy.profile.profile import load_profile
from gateway.privacy.schemes import LATEST
from gateway.records.tables.administration import ROLES
from gateway.settings import Settings
from gateway.web.application import ROUTERS
from gateway.web.foundation.rights import ROLE_RIGHTS
from gateway.web.pages import manual_pages
from reference.marks import PART, filled
from reference.pages import PARTS, generated
from routing_rules.expectations import Operator
from routing_rules.fact_table import FACTS
from routing_rules.rule import Completion, Rule
from support.documentation import DOCUMENTATION, MANUAL, PAGES, README, ROOT, TEXTS, links

GENERATED = {str(path.relative_to(MANUAL)): (stands, should) for path, stands, should in generated()}


def commands() -> Iterator[str]:
    """Every command of the command line, with the words that lead to it."""
    waiting: list[tuple[str, Any]] = [("gateway", typer.main.get_command(app))]
    while waiting:
        words, command = waiting.pop()
        children = getattr(command, "commands", {})
        waiting += [(f"{words} {name}", child) for name, child in children.items()]
        if not children and not command.hidden:
            yield words


def settings_rows() -> Iterator[str]:
    """The rows of the table of settings, as the settings themselves say them."""
    for table, section in Settings.model_fields.items():
        for key, setting in getattr(section.annotation, "model_fields", {}).items():
            value = str(setting.default).lower() if isinstance(setting.default, bool) else setting.default
            value = list(value) if isinstance(value, tuple) else value
            default = "" if value in (None, "") else f"`{value}`"
            yield f"| `{table}.{key}` | {default} | {setting.description} |"


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_command_is_in_the_manual(command: str) -> None:
    """A row of the table of commands begins with it."""
    assert f"\n| `{command}`" in DOCUMENTATION or f"\n| `{command} " in DOCUMENTATION


@pytest.mark.parametrize("row", list(settings_rows()))
def test_every_setting_is_in_the_manual_with_its_default_and_meaning(row: str) -> None:
    """The table of settings has this row, word for word."""
    assert f"\n{row}\n" in DOCUMENTATION


def test_the_manual_has_no_setting_that_does_not_exist() -> None:
    """What was removed from the settings is removed from the table."""
    tables = tuple(f"| `{table}." for table in Settings.model_fields)
    assert {line for line in DOCUMENTATION.splitlines() if line.startswith(tables)} == set(settings_rows())


@pytest.mark.parametrize("state", [*StudyState, *CaseState])
def test_every_state_is_in_the_documentation(state: str) -> None:
    """Both pictures show it, and a table says what it means."""
    picture = README.split("```mermaid")[1].split("```")[0]
    assert state in picture
    assert f">{state}<" in (ROOT / "gateway/web/static/path-of-a-study.svg").read_text(encoding="utf-8")
    assert f"\n| `{state}` |" in DOCUMENTATION


@pytest.mark.parametrize("state", ReplyState)
def test_every_state_of_a_reply_is_in_the_manual(state: str) -> None:
    """A table of its own says what it means."""
    table = DOCUMENTATION.split("| reply | an object that a reading site sent back | step")[1]
    assert f"\n| `{state}` |" in table


@pytest.mark.parametrize("state", ResultState)
def test_every_state_of_a_result_is_in_the_manual(state: str) -> None:
    """A table of its own says what it means."""
    table = DOCUMENTATION.split("| result | what a node is told that asked for storage commitment | step")[1]
    assert f"\n| `{state}` |" in table.split("## A conflict")[0]


@pytest.mark.parametrize("state", ConflictState)
def test_every_state_of_a_conflict_is_in_the_manual(state: str) -> None:
    """A table of its own says what it means."""
    table = DOCUMENTATION.split("| conflict | two versions of a study's objects | step")[1]
    assert f"\n| `{state}` |" in table.split("## The steps")[0]


@pytest.mark.parametrize("operator", [*Operator, "all", "any", "not"])
def test_every_operator_of_a_rule_is_in_the_manual(operator: str) -> None:
    """The table of operators has it."""
    assert f"\n| `{operator}` |" in DOCUMENTATION


@pytest.mark.parametrize("fact", list(FACTS.values()), ids=list(FACTS))
def test_every_fact_a_rule_may_ask_for_is_in_the_manual(fact: Any) -> None:
    """The table of facts has it, with its kind and meaning."""
    assert f"\n| `{fact.name}` | {fact.kind} | {fact.meaning} |\n" in DOCUMENTATION


def test_the_conformance_statement_claims_what_the_profile_does() -> None:
    """PS3.15 E.1.1: the options with their codes, the SOP classes that leave, and what a person may release."""
    profile = load_profile()
    statement = (MANUAL / "conformance.md").read_text(encoding="utf-8")
    section = statement.split("### 9.4")[1]
    claimed = section.split("|---|---|")[1].split("\n\n")[0].strip().splitlines()
    assert claimed == [f"| {meaning} | {code} |" for code, meaning in profile.method_codes()]
    leave = [line for line in section.splitlines() if line.endswith("| de-identified |")]
    assert {line.split(", ")[1].split(" |")[0] for line in leave} == set(profile.sop_classes)
    released = {uid.removeprefix("1.2.840.10008.5.1.4.1.1") for uid in profile.releasable_sop_classes}
    assert released == {".7", ".7.1", ".7.2", ".7.3", ".7.4"}
    assert profile.releasable_reasons == {"burned-in-annotation", "screen-capture", "embedded-overlay"}


IDENTITY = (ROOT / "gateway" / "manual" / "design" / "identity.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table of the page on identity whose first row this is."""
    table = IDENTITY.split(f"\n{heading}\n")[1].split("\n\n")[0]
    return [row.strip("| ").split(" | ") for row in table.splitlines()[1:]]


def test_the_page_on_identity_has_every_derived_value() -> None:
    """One row a purpose, by the label that is in its derivation."""
    told = [row[0] for row in rows("| purpose | inputs | who controls the inputs | scheme 1 |")]
    assert sorted(told) == sorted(Purpose)
    assert f"scheme {LATEST} is the default" in IDENTITY


def test_the_page_on_identity_has_every_kind_of_difference() -> None:
    """In the order in which they are tried."""
    assert [row[0].strip("*") for row in rows("| kind | when |")] == list(DifferenceKind)


def test_the_page_on_identity_has_what_archives_write() -> None:
    """Every attribute and every private creator with its reason, and no other."""
    told = {
        keyword: row[1] for row in rows("| attributes | because each |") for keyword in row[0].split(", ")
    }
    assert told == dict(WRITTEN_BY_ARCHIVES)
    assert {row[0]: row[1] for row in rows("| attribute | because |")} == dict(FILLED_IN)
    assert {row[0].strip("`"): row[1] for row in rows("| private creator | what is kept there |")} == dict(
        ARCHIVES
    )


@pytest.mark.parametrize("role", ROLES)
def test_every_role_of_an_account_is_in_the_manual(role: str) -> None:
    """The row of `gateway users add` names it."""
    (row,) = (line for line in DOCUMENTATION.splitlines() if line.startswith("| `gateway users add"))
    assert role in row


@pytest.mark.parametrize(
    "setting", [*Rule.model_fields, *(f"completion.{name}" for name in Completion.model_fields)]
)
def test_every_setting_of_a_rule_is_in_the_manual(setting: str) -> None:
    """The table of a rule's settings names it."""
    rows = PAGES[MANUAL.relative_to(ROOT) / "reference" / "facts-and-operators.md"].split("## Operators")[0]
    assert f"`{setting}`" in rows or setting == "completion"


@pytest.mark.parametrize("page", list(GENERATED))
def test_what_is_generated_is_as_the_code_says(page: str) -> None:
    """After a change of the code somebody ran `./dev manual`."""
    stands, should = GENERATED[page]
    assert stands == should, f"run ./dev manual: {page} is not what the code says"


def test_every_generated_part_stands_in_one_page() -> None:
    """Nothing is generated for nobody, and nothing twice."""
    found = [part["name"] for page in PAGES.values() for part in PART.finditer(page)]
    assert sorted(found) == sorted(PARTS)


def test_a_page_that_somebody_changed_by_hand_is_noticed_and_mended() -> None:
    """A default that is not the code's differs from what should stand there; `./dev manual` writes it again."""
    stands, should = GENERATED["reference/settings.md"]
    changed = stands.replace("| `dicom.port` | `11112` |", "| `dicom.port` | `104` |")
    assert changed != should
    assert filled(changed, PARTS) == should


def test_every_page_is_in_the_contents_once() -> None:
    """From any page of the manual one comes to every other."""
    listed = [page.name for section in manual_pages.contents() for page in section.pages]
    there = [str(path.relative_to(MANUAL).with_suffix("")) for path in MANUAL.rglob("*.md")]
    assert sorted(listed) == sorted(set(there) - {"contents"})


def test_the_contents_call_a_page_what_it_calls_itself() -> None:
    """The title in the navigation is the heading of the page."""
    for section in manual_pages.contents():
        for page in section.pages:
            text = (MANUAL / f"{page.name}.md").read_text(encoding="utf-8")
            assert text.startswith(f"# {page.title}\n"), page.name


def anchors(text: str) -> set[str]:
    """The places of a page that a link with `#` may mean."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return {
        manual_pages.anchor(line.replace("`", "")) for line in re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    }


@pytest.mark.parametrize("path", list(TEXTS), ids=str)
def test_every_link_leads_to_a_place_that_is_there(path: Path) -> None:
    """Files by relative paths, headings by their names; no other host, for machines without a network."""
    for link in links(TEXTS[path]):
        target, _, place = link.partition("#")
        assert "://" not in link, link
        found = (ROOT / path.parent / target).resolve() if target else ROOT / path
        assert found.is_file(), link
        if place:
            assert place in anchors(found.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("path", list(PAGES), ids=str)
def test_a_page_links_only_what_comes_with_the_product(path: Path) -> None:
    """Other pages and pictures: an installed gateway has no repository around it."""
    for link in links(PAGES[path]):
        found = (ROOT / path.parent / link.partition("#")[0]).resolve()
        assert found.is_relative_to(MANUAL) or found.is_relative_to(ROOT / "gateway/web/static"), link


@pytest.mark.parametrize("path", list(PAGES), ids=str)
def test_a_page_has_no_raw_html_and_no_mermaid(path: Path) -> None:
    """The gateway shows raw HTML as text and runs no script from elsewhere."""
    text = re.sub(r"`[^`\n]*`", "", PAGES[path])
    assert not re.search(r"<[a-z/!][^>]*>", text)
    assert "```mermaid" not in PAGES[path]


def test_the_readme_is_short() -> None:
    """At most 8 KB: everything else is in the manual."""
    assert len(README.encode()) <= 8192


@pytest.mark.parametrize("role", ROLE_RIGHTS)
def test_every_role_has_a_column_of_its_rights(role: str) -> None:
    """The table of roles says what an account may do."""
    (heading,) = (line for line in DOCUMENTATION.splitlines() if line.startswith("| may |"))
    assert f" {role} |" in heading


def test_every_address_is_in_the_manual() -> None:
    """Each page and service that is served stands in the tables of addresses."""
    for router in ROUTERS:
        for route in router.routes:
            for method in getattr(route, "methods", ()):
                assert f"| `{method}` | `{getattr(route, 'path', '')}` |" in DOCUMENTATION


def test_decisions_have_one_form() -> None:
    """Context, decision, what was tried and rejected, consequences."""
    wanted = ["Context", "Decision", "Tried and rejected", "Consequences"]
    for path, text in PAGES.items():
        if "decisions" in path.parts:
            assert re.findall(r"^## (.*)$", text, re.MULTILINE) == wanted, path
