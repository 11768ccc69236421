"""Every clinical sentence that is shown comes from the table of statements, wherever it is shown."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.reporting.form import FORM
from gateway.reporting.help_texts import CELLS, HELP, INSTRUCTIONS, PATTERNS, SERVICE, SIGNS, STATEMENTS
from reference.clinical import SAID_ELSEWHERE, CalendarText, calendar_texts, shown_at
from reference.marks import PART
from routing_rules.statements.table import OURS, cited, sources, statements, text_of
from support.documentation import ROOT, TEXTS

SUBJECT = re.compile(
    r"\b(?:PML|MS|IRIS|lesions?|enhanc\w+|JC virus|natalizumab|oedema|U-fibres?|DWI|FLAIR|T2|spectroscop\w+|CSF|"
    r"immunosuppress\w+|symptoms?|cort(?:ex|ical)|white matter|haemorrhages?|brain)\b",
    re.IGNORECASE,
)
"""What a clinical sentence is about."""
CLAIM = re.compile(
    r"\b(?:often|usually|frequently|typical(?:ly)?|common(?:ly)?|rare(?:ly|r)?|risk|associated|suggests?|leans?|"
    r"specific(?:ity)?|sensitiv\w+|predict\w*|excludes?|excluded|survival|outcome|marks|appears?|favou?rs?|helpful|"
    r"evidence of|indicat\w+|detects?|demyelinat\w+|benign|atroph\w+|months (?!on natalizumab))\b|\d ?%",
    re.IGNORECASE,
)
"""What it says about it: how often, how likely, how surely, with which outcome."""
SPOKEN_BY_READERS = {
    "gateway/reporting/example.py": "what a reader of the demonstration signs",
    "gateway/reporting/codes.json": "answers that a reader chooses",
    "gateway/reporting/proposals/sentences.json": "the answers that a reader chose, in sentences that a reader signs",
    "gateway/reporting/questions.py": "what a reader is asked about the answers of a report",
    "gateway/reporting/checks/status.py": "what a reader is asked about the answers of a report",
}
RULES = ("routing_rules/surveillance/*.json", "routing_rules/protocol/*.yaml")
"""Tables of rules, in which each row names its source."""
CALENDAR = tuple(sources()[key].cited for key in ("magnims", "ema", "ajnr", "touch"))
"""A sentence that names one of these repeats a row of the calendar's table."""
CITED = tuple(each.cited.split(" (")[0] for each in sources().values())


def sentences(text: str) -> list[str]:
    """The sentences of a text, cells of tables and parts before a colon among them; none that names a calendar rule."""
    whole = re.split(r"(?<=[.?!]) (?=[A-Z|#-])", re.sub(r"\s+", " ", text))
    unnamed = (each for each in whole if not any(source in each for source in CALENDAR))
    return [part for each in unnamed for part in re.split(r"(?<=[:;|]) ", each)]


def claims(text: str) -> list[str]:
    """The sentences that say something clinical and stand in no table of statements."""
    return [each for block in re.split(r"\n\s*\n|\n(?=\s*[-|#])", text) for each in _claims_of(block)]


def _claims_of(block: str) -> list[str]:
    """Those of one paragraph, item of a list or row of a table."""
    plain = re.sub(r"\s+", " ", re.sub(r"[*_`]", "", block))
    for known in (*(each.text for each in statements().values()), *SAID_ELSEWHERE):
        if len(known.split()) > 2:
            plain = plain.replace(known, " ")
    return [
        each
        for each in sentences(plain)
        if SUBJECT.search(each) and CLAIM.search(each) and len(each.split()) > 2
    ]


def written(page: str) -> str:
    """A page without code and without what is generated from the statements themselves."""
    return re.sub(r"^```.*?^```", "", PART.sub("", page), flags=re.MULTILINE | re.DOTALL)


def literals(path: Path) -> Iterator[str]:
    """The strings of a module that can be shown: no docstrings; of an f-string, its fixed parts."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    unshown = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in unshown:
            yield node.value


def shown_by(path: Path) -> Iterator[str]:
    """The texts of a module, a template or a file of data, without markup."""
    if path.suffix == ".py":
        yield from literals(path)
    else:
        yield re.sub(r"\{[{%#].*?[%}#]\}|<[^>]*>", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)


FILES = [
    path
    for package in ("gateway", "routing_rules", "dicom_nodes")
    for suffix in ("*.py", "*.html", "*.j2", "*.json", "*.yaml")
    for path in sorted((ROOT / package).rglob(suffix))
    if not path.is_relative_to(ROOT / "routing_rules" / "statements")
    and not any(path.match(pattern) for pattern in RULES)
]


def test_a_clinical_sentence_that_no_source_supports_is_noticed() -> None:
    """On a page, in a mail, in a help text: how often, how surely, with which outcome."""
    assert claims("PML has often no border.") == ["PML has often no border."]
    assert claims("Send it again: lesions that enhance are typical of MS.")
    assert claims("About 40 % of lesions enhance.")
    assert not claims("Patients see no page. " + statements()["sign-border"].text)
    assert not claims("The study has no FLAIR: please send it again.")


@pytest.mark.parametrize("path", list(TEXTS), ids=str)
def test_a_page_says_nothing_clinical_outside_the_statements(path: Path) -> None:
    """README and manual: a sentence of our own stands in the table, as ours."""
    assert claims(written(TEXTS[path])) == []


def test_nothing_clinical_is_said_in_code_templates_or_data() -> None:
    """Mails, letters, notices, pages and messages take such a sentence from the table by its id."""
    said = {
        str(path.relative_to(ROOT)): claimed
        for path in FILES
        for text in shown_by(path)
        if (claimed := claims(text)) and str(path.relative_to(ROOT)) not in SPOKEN_BY_READERS
    }
    assert said == {}


def test_every_help_text_is_made_of_statements_and_of_what_is_asked() -> None:
    """Nothing is written into the form beside them, and what is asked of the reader says nothing clinical."""
    assert set(HELP) == {*STATEMENTS, *INSTRUCTIONS}
    for item, (text, source) in HELP.items():
        ids = STATEMENTS.get(item, ())
        assert text == f"{INSTRUCTIONS.get(item, '')} {text_of(*ids)}".strip()
        assert source == (cited(*ids) if ids else SERVICE)
    assert [claims(asked) for asked in INSTRUCTIONS.values() if claims(asked)] == []
    shown = {(item.help, item.source) for section in FORM for item in section.items}
    assert shown <= {*HELP.values(), ("", "")}
    assert {section.help for section in FORM} <= {*INSTRUCTIONS.values(), ""}


def test_every_pattern_beside_an_item_is_a_cell_of_the_table() -> None:
    """MS and PML, as the table of the source has them; where it has no cell, one of its signs, or nothing."""
    for item, patterns in PATTERNS.items():
        name = CELLS.get(item, "")
        ids = (f"cell-{name}-ms", f"cell-{name}-pml") if name else SIGNS[item]
        known = tuple(statements()[each] if each else None for each in ids)
        assert tuple(each.lower() for each in patterns) == tuple(e.text.lower() if e else "" for e in known)
        assert all(each is None or each.source == "education" for each in known)
    shown = {(i.ms_pattern, i.pml_pattern) for section in FORM for i in section.items}
    assert shown <= {*PATTERNS.values(), ("", "")}


@pytest.mark.parametrize("each", list(calendar_texts()), ids=lambda each: each.id)
def test_every_rule_of_the_calendar_names_a_source_that_is_listed(each: CalendarText) -> None:
    """Or is the wish of a report, or ours, and says so."""
    assert each.source.startswith((*CITED, OURS, "the signed report")), each.source


@pytest.mark.parametrize("statement", list(statements()))
def test_every_statement_is_shown_somewhere(statement: str) -> None:
    """What nobody sees is not kept."""
    assert list(shown_at(statement))
