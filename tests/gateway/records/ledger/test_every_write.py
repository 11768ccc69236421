"""The ledger holds every write: nothing else opens a writing transaction, and each of its events leaves its line.

The packages are read as syntax trees, so a write in a branch that no other test runs is found too. Not covered: code
that hides its intention (`getattr` with a name put together at run time).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

import gateway
from support.judges.record_writes import last_name, writes

ROOT = Path(gateway.__file__).parents[1]
PACKAGES = ("gateway", "dicom_nodes", "routing_rules")
MAY_WRITE = ("gateway/records/ledger/", "gateway/records/database.py", "gateway/records/migrations/")
"""The ledger; the transactions themselves; the schema."""


@cache
def modules(*, of_the_ledger: bool) -> list[tuple[str, ast.Module]]:
    """The modules of the three packages, by their paths."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    names = {path.relative_to(ROOT).as_posix(): path for path in paths}
    return [
        (name, ast.parse(path.read_text(encoding="utf-8")))
        for name, path in names.items()
        if name.startswith(MAY_WRITE) == of_the_ledger
    ]


def test_nothing_but_the_ledger_writes() -> None:
    """Steps, pages, commands and the service ask the ledger; reads of the records never change a row."""
    outside = modules(of_the_ledger=False)
    assert len(outside) > 200
    assert {f"{name}:{line} {what}" for name, tree in outside for line, what in writes(tree)} == set()


SNEAKY: Mapping[str, str] = {
    "a transaction": "def f(context):\n    with context.database.write('x') as session:\n        pass\n",
    "under another name": "def f(records: Database):\n    with records.write('x') as s:\n        pass\n",
    "of an unknown thing": "def f(x):\n    with x.write('x') as s:\n        s.note('a')\n",
    "by an exit stack": "def f(stack, x):\n    stack.enter_context(x.write('x'))\n",
    "as an alias": "def f(self):\n    begin = self._database.write\n",
    "made on the spot": "def f(url):\n    begin = Database(url).write\n",
    "by getattr": "def f(x):\n    getattr(x, 'write')('x')\n",
    "add": "def f(session):\n    session.add(row)\n",
    "add under another name": "def f(s: Session):\n    s.add_all(rows)\n",
    "delete in a reading transaction": "def f(database):\n    with database.read() as now:\n        now.delete(row)\n",
    "merge": "def f(session):\n    session.merge(row)\n",
    "commit": "def f(database):\n    with database.read() as reading:\n        reading.commit()\n",
    "a statement": "from sqlmodel import col, update\n",
    "a statement of a dialect": "from sqlalchemy.dialects.postgresql import insert as put\n",
    "a dialect": "from sqlalchemy.dialects import postgresql\n",
    "a session of the library": "import sqlalchemy.orm\nmine = sqlalchemy.orm.Session(engine)\n",
    "a statement of the library": "import sqlalchemy as sa\ndef f(session):\n    session.exec(sa.delete(Case))\n",
    "a table": "def f(session):\n    session.exec(Case.__table__.delete())\n",
    "text": "def f(session):\n    session.execute(text('UPDATE \"case\" SET state = 1'))\n",
    "a session of its own": "from sqlmodel import Session\ndef f(engine):\n    return Session(engine)\n",
    "an engine of its own": "from sqlalchemy import create_engine\ndef f(url):\n    return create_engine(url)\n",
    "the engine of a database": "def f(database):\n    with database.engine.begin() as c:\n        pass\n",
}


@pytest.mark.parametrize("how", SNEAKY)
def test_a_sneaky_write_is_found(how: str) -> None:
    """Each way to write that somebody might think of, in a module of its own."""
    assert writes(ast.parse(SNEAKY[how]))


def test_what_only_looks_is_let_pass() -> None:
    """Reading, files, sets and dictionaries are not writes of rows."""
    harmless = (
        "from sqlmodel import Session, col, select\n"
        "def f(database, session: Session, stream, path, seen):\n"
        "    with database.read() as reading, path.open('w') as file:\n"
        "        rows = reading.exec(select(Case).where(col(Case.id) > 1)).all()\n"
        "        file.write('update everything')\n"
        "        stream.write(b'x')\n"
        "    seen.add(1)\n"
        "    seen.update({2})\n"
        "    blobs.delete('key')\n"
        "    session.get(Case, 1)\n"
    )
    assert writes(ast.parse(harmless)) == []


# ---------------------------------------------------------------- the events of the ledger

LINES = {("journal", "add_line"), ("audit_trail", "append")}
"""The functions that write a line of the journal, and of the audit trail."""

EVENTS: Mapping[str, str] = {
    "accept_keys": "",
    "acknowledge_critical": "",
    "drop_message": "its row says why nobody was told",
    "message_failed": "its row says so, and the page of the result shows it",
    "message_sent": "",
    "ring_chains": "",
    "tell_context": "",
    "keep_looked_at": "decides only what readers see; the row says it, the told texts have their line",
    "take_messages": "a lease of a message",
    "tell_readers": "decides nothing; what is sent has its line",
    "add_client": "",
    "add_user": "",
    "advance-{claim.state}-{reached}": "",
    "ask_commitment": "the step that asks writes the line, of the answer or of the waiting",
    "ask_signer": "the answer has the line, whichever it is",
    "begin_rotation": "",
    "change_account": "",
    "change_password": "",
    "check_password": "",
    "claim_case": "",
    "claim_next": "",
    "claim_alignment": "no case changes; its row says what came of it",
    "claim_due": "",
    "claim_change_map": "a lease of a worker",
    "claim_pictures": "a lease of a worker",
    "confirm_factor": "",
    "correct_report": "",
    "count_as_report": "",
    "decide_conflict": "",
    "decide_held": "",
    "disable_account": "",
    "discard_reply": "",
    "download_reply": "",
    "download_report": "",
    "drop_pictures": "made again when somebody looks",
    "drop_result": "",
    "edit_enrolment": "",
    "enable_account": "",
    "end_enrolment": "",
    "end_expired_sessions": "time ends them, nobody does",
    "end_session": "",
    "end_sessions": "",
    "enrol": "",
    "finish_set_up": "",
    "finish_sign_in": "",
    "events_not_sent": "the channel's row says so; a notice, when it lasts",
    "events_sent": "the channel's row says so",
    "forget_erase": "the mark and the end have lines, with the number of files",
    "forget_finish": "",
    "forget_mark": "",
    "forget_replies": "the mark and the end have lines, with the number of files",
    "judge_wish": "",
    "note_role": "",
    "want_alignments": "no case changes; its row says that it waits",
    "keep_index": "made of copies, which have their line",
    "keep_alignment": "its row says so; no case waits for it",
    "keep_change_map": "its row says so; no case waits for it",
    "keep_instances": "",
    "let_go": "its worker ends; the next one's result has the line",
    "keep_reply": "its row says who sent it and when; it has no case yet whose journal could tell",
    "keep_volume": "made of copies, which have their line",
    "let_go_on": "",
    "letter_unopened": "the row says so, for as long as it is so",
    "lift_forgetting": "",
    "link_person": "",
    "look_at_original": "",
    "look_at_persons": "",
    "look_at_versions": "",
    "make_again": "",
    "make_reset_link": "",
    "mark_overdue": "a notice tells it, and the page shows it",
    "note-deliveries": "what the step reaches has its line; each object has its row",
    "note_client_use": "",
    "note_ending_clients": "decides nothing: tells what will end by itself",
    "note_echo": "",
    "note_emergency": "",
    "note_anchor": "",
    "note_audit_key": "",
    "note_audit_use": "",
    "note_keys": "",
    "note_look": "",
    "note_configuration": "",
    "note_unsealed": "a notice tells it; the trail has what is not sealed yet",
    "note_certificates": "a notice tells what ends, and the page of the nodes shows the rows",
    "note_seen": "its row says when; what was done has its own line",
    "note_wrong_configuration": "a notice tells it, and the page of the nodes shows it",
    "notices_failed": "the channel's row says so",
    "notices_told": "the channel's row says so",
    "open_identity": "",
    "open_letter": "",
    "overrule_verdict": "",
    "owe_result": "the row is the line: who asked, when, about how much, and what came of it",
    "park-{claim.state}": "",
    "park_case": "",
    "postpone-{claim.state}": "",
    "propose_factor": "",
    "prove_signer": "",
    "publish_letterbox": "a public key, the same after each start",
    "read_date": "worked out again from what lies here, changes nothing that anybody did",
    "put_off_pictures": "the row and the page say what could not be made",
    "record_commitment": "the step that is woken writes the line",
    "refuse": "the row is the line: who, why, how often",
    "refuse_client": "",
    "refuse_issued": "",
    "release_case": "",
    "remove_factor": "",
    "renew": "a lease of a worker",
    "renew_pictures": "a lease of a worker",
    "reseal": "nobody sees an identity; the end of the rotation has the line with the numbers",
    "reseal_late": "",
    "retire_key": "",
    "retry": "",
    "rotated": "",
    "revoke_client": "",
    "route_by_hand": "",
    "rules_version": "",
    "save_draft": "an unsigned text of its reader; the signature has the line",
    "seal_trail": "",
    "sign_in": "",
    "sign_in_by_issuer": "",
    "sign_out": "",
    "sign_document": "",
    "sign_report": "",
    "take_events": "a lease of a channel",
    "take_notices": "a lease of a channel",
    "take_over_draft": "",
    "take_tick": "a lease of a periodic job",
    "unlink_person": "",
    "use_proof": "",
    "use_reset_link": "",
    "want_changes": "no case changes; its row says that it waits",
    "want_pictures": "who looked has the event of the look",
}
"""Every writing transaction by its name, which is the name of its crash points; why, where it leaves no line."""


NOT_IN_THE_TRAIL: Mapping[str, str] = {
    "keep_instances": "an object of many; the complete study has the event",
    "note_echo": "what a node answered when it was asked; who asked has the event",
    "open_letter": "",
    "claim_due": "nobody has anything yet; the journal tells what is parked",
    "postpone-{claim.state}": "nobody has anything yet; the journal tells it",
    "park-{claim.state}": "the gateway's own doing; journal and notice tell it",
    "publish_letterbox": "a public key, the same after each start",
    "save_draft": "the route has the event, once for a session and case",
}
"""Transactions with a line in the journal alone, or none that `EVENTS` gives a reason for; empty: in the trail."""


LEDGER = "gateway/records/ledger/"


def transactions() -> dict[str, list[tuple[str, str]]]:
    """Name of each writing transaction -> module and name of the functions that open it."""
    opened: dict[str, list[tuple[str, str]]] = {}
    for module, function in functions():
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and last_name(node) in ("write", "settled"):
                name = node.args[0 if last_name(node) == "write" else 1]
                if isinstance(name, ast.Constant | ast.JoinedStr):  # else it is `_settled`, which is given it
                    text = name.value if isinstance(name, ast.Constant) else ast.unparse(name)[2:-1]
                    opened.setdefault(str(text), []).append((module, function.name))
    return opened


def functions() -> list[tuple[str, ast.FunctionDef]]:
    """Every function of the ledger with its module."""
    return [
        (Path(name).stem, node)
        for name, tree in modules(of_the_ledger=True)
        if name.startswith(LEDGER)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    ]


def calls() -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Function -> the functions it calls, both as module and name; another module's by its import."""
    home: dict[tuple[str, str], tuple[str, str]] = {}
    for path, tree in modules(of_the_ledger=True):
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gateway.records.ledger"):
                for alias in node.names:
                    home[Path(path).stem, alias.name] = str(node.module).split(".")[-1], alias.name
    called: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for module, function in functions():
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                callee = home.get((module, node.func.id), (module, node.func.id))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                callee = last_name(node.func.value), node.func.attr
            else:
                continue
            called.setdefault((module, function.name), set()).add(callee)
    return called


def test_every_event_is_one_transaction_of_one_function() -> None:
    """Crash tests name them, so a name neither changes nor is given twice, and no function has two."""
    opened = transactions()
    assert set(opened) == set(EVENTS)
    openers = [opener for several in opened.values() for opener in several]
    assert len(set(openers)) == len(openers) == len(EVENTS)


def test_every_event_leaves_its_line_or_says_why_not() -> None:
    """A line is written in the same transaction, by the function itself or by what it calls."""
    assert silent(LINES) == {name for name, why in EVENTS.items() if why}


def test_every_event_is_in_the_audit_trail_or_says_why_not() -> None:
    """A journal can be read by those who see the case; the trail is what proves itself."""
    reasons = {name for name, why in (EVENTS | NOT_IN_THE_TRAIL).items() if why}
    assert silent({("audit_trail", "append")}) == reasons


def silent(lines: set[tuple[str, str]]) -> set[str]:
    """The transactions from which none of these functions is reached."""
    called = calls()
    reached: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for start in called:
        seen, waiting = {start}, [start]
        while waiting:
            for callee in called.get(waiting.pop(), ()):
                if callee not in seen:
                    seen.add(callee)
                    waiting.append(callee)
        reached[start] = seen
    return {name for name, (opener,) in transactions().items() if not lines & reached[opener]}
