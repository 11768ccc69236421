"""At start: give every acknowledged object its row, and clear what was never acknowledged.

Looks only at open folders whose process died (`open_folders`): at most a few hundred files, whatever is stored. A file
with a valid mark may have been acknowledged and gets its row, unless it has one; any other file was not, and goes: its
sender was told nothing and sends it again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from gateway.records import ledger
from gateway.records.arrival.arrival_mark import read_back
from gateway.records.arrival.open_folders import left_behind, settle
from gateway.records.arrival.row_writer import is_away
from gateway.records.database import Database
from gateway.records.tables.studies import Instance

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recovered:
    """What a recovery found: whole objects (with or without a row), and places cleared."""

    whole: int = 0
    cleared: int = 0
    refused: int = 0


def recover(database: Database, folder: Path, quiet: timedelta) -> Recovered:
    """Settle the open folders that dead processes left in `folder`.

    Raises OSError or SQLAlchemyError when disk or database are away: nothing is cleared then that could be needed.
    """
    whole = cleared = refused = 0
    for left_folder, files in left_behind(folder):
        refused_here = 0
        known = _with_a_row(database, [key for key, _ in files])
        for key, path in files:
            if key in known:
                whole += 1
                continue
            instance = read_back(path, key)
            if instance is None:
                path.unlink()
                cleared += 1
                continue
            try:
                kept = ledger.keep_instances(database, [instance], quiet)[0]
                settle(path, folder.parent / kept.blob)
                whole += 1
            except SQLAlchemyError as error:
                if is_away(error):
                    raise
                log.error("the database refuses the row of a received object: %s", type(error).__name__)
                refused_here += 1
        if not refused_here:
            left_folder.forget()
        refused += refused_here
    found = Recovered(whole, cleared, refused)
    if whole or refused:
        log.warning("objects left by a process that died: %d whole, %d without a row", whole, refused)
    return found


def _with_a_row(database: Database, keys: list[str]) -> set[str]:
    with database.read() as session:
        return set(session.exec(select(Instance.blob).where(col(Instance.blob).in_(keys))))
