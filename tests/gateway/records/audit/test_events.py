"""The table of audit events: no name is written that it does not have, and it has none that nobody writes."""

from __future__ import annotations

import ast
from pathlib import Path

import gateway
from gateway.records.audit import events
from gateway.records.audit.events import CODES, EVENTS, Kind, Outcome
from gateway.records.tables.administration import OUTCOMES


def _texts() -> set[str]:
    """Every text of the gateway's code but of the table itself; of one put together, its fixed parts joined by `*`."""
    found: set[str] = set()
    for path in Path(gateway.__file__).parent.rglob("*.py"):
        if path.name == "events.py" and path.parent.name == "audit":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.add(
                    "".join(
                        str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values
                    )
                )
    return found


TOGETHER = ("* retried", "held object *", "study *", "protocol *")
"""Names that are put together where they are written."""


def test_every_event_of_the_table_is_written_somewhere() -> None:
    """A row that nobody writes promises what is not so."""
    texts = _texts()
    assert texts.issuperset(TOGETHER)
    together = tuple(part.replace("*", "") for part in TOGETHER)
    unwritten = {
        name
        for name in EVENTS
        if name not in texts and not name.startswith(together[1:]) and together[0] not in name
    }
    assert unwritten == set()


def _written() -> dict[str, str]:
    """What the ledger gives as an event, a text or an expression -> where."""
    found: dict[str, str] = {}
    for path in (Path(gateway.__file__).parent / "records" / "ledger").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit_trail.append":
                named = node.args[3]
                found[str(named.value) if isinstance(named, ast.Constant) else ast.unparse(named)] = path.name
    return found


EXPRESSIONS = {
    "f'held object {decision}'": "released and left out",
    "f'protocol {what}'": "overruled and confirmed again",
    "f'study {what}'": "let go on and routed by hand",
    "f'{unit} retried'": "every unit of the engine",
    "action": "given by who calls: rules, links",
    "look.event": "of the table of routes",
    "event": "of a table",
    "what": "a signer confirmed or refused",
    "ACCEPTED": "a constant",
    "ANCHORED": "a constant",
    "BEGAN": "a constant",
    "CUT": "a constant",
    "IN_FORCE": "a constant",
    "LOOKED": "a constant",
    "NOTED": "a constant",
    "RETIRED": "a constant",
    "ROTATED": "a constant",
    "_REFUSED": "a constant",
}
"""Events that are not given as a text; the tests of each write them."""


def test_no_event_is_written_that_the_table_does_not_have() -> None:
    """A new event begins with its row: with its meaning, and its code for an audit repository."""
    strangers = {what: where for what, where in _written().items() if what not in EVENTS}
    assert strangers.keys() == EXPRESSIONS.keys()


def test_names_stand_once_and_every_kind_has_its_codes() -> None:
    """Two rows of one name would hide one; the database knows the outcomes."""
    assert len(EVENTS) == len(events._TABLE)
    assert set(CODES) == set(Kind)
    assert tuple(Outcome) == OUTCOMES
