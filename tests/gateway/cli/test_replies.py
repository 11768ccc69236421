"""Commands on what reading sites sent back."""

from __future__ import annotations

import json
from pathlib import Path

from gateway.records import ledger
from gateway.records.database import Database
from support.command_line import Command, command
from support.records import due, new_reply

__all__ = ["command"]


def test_what_reading_sites_sent_back_is_listed_tried_again_and_discarded(
    command: Command, tmp_path: Path
) -> None:
    """A held object shows its fix; discarding it needs a reason and is final."""
    command("init", ".")
    command("migrate")
    database = Database(f"sqlite:///{tmp_path}/gateway-data/gateway.sqlite")
    ledger.keep_reply(database, new_reply())
    claim = due(database)
    ledger.park(database, claim, "It fits nothing.", "Discard it.")
    database.close()
    [row] = json.loads(command("replies", "list", "--json")[1])
    assert (row["kind"], row["problem"], row["fix"]) == (
        "Comprehensive SR",
        "It fits nothing.",
        "Discard it.",
    )
    assert command("replies", "discard", 1)[0] == 2
    assert command("replies", "retry", 1)[0] == 0
    assert json.loads(command("replies", "list", "--json")[1])[0]["problem"] == ""
    assert command("replies", "discard", 1, "--why", "sent by mistake")[0] == 0
    code, said = command("replies", "discard", 1, "--why", "again")
    assert (code, "DISCARDED" in said) == (1, True)
    assert command("replies", "retry", 99)[0] == 1
