"""What a hospital tells about a study's patient: kept through one function, shown through one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.views import told_rows
from gateway.records.views.told_rows import ToldRow
from gateway.reporting.hospital_context import CONTACTS, ITEMS, PREFIX, Refused, read_told
from gateway.web.foundation.case_access import visible_study
from gateway.web.foundation.context import WebContext

LABELS = {item.name.removeprefix(PREFIX): item for item in ITEMS}
"""The form's items of the request, by the name under which a hospital's word is kept."""


def tell(
    context: WebContext, viewer: Viewer, study_id: int, fields: Mapping[str, str]
) -> tuple[Refused, ...]:
    """Keep what was typed, or say why nothing of it was. Raises NotThere, WrongState."""
    visible_study(context, viewer, study_id)
    told, refused = read_told(fields)
    if not refused:
        ledger.tell_context(context.database, study_id, viewer.account_id, told.values, told.contacts)
    return refused


def told_of(context: WebContext, viewer: Viewer, study_id: int) -> ToldRow | None:
    """What was told of a study, as its site typed it; None: nothing. Raises NotThere."""
    visible_study(context, viewer, study_id)
    with context.database.read() as session:
        return told_rows.of_study(session, study_id, as_typed=True)


def shown(row: ToldRow | None) -> list[tuple[str, str]]:
    """(Question, answer) of everything that was told, as people read it."""
    if row is None:
        return []
    lines = []
    for name, item in LABELS.items():
        value = row.values.get(name, "")
        label = next((choice.label for choice in item.choices if choice.value == value), value)
        if value:
            lines.append((item.label, f"{label} {item.unit if not item.choices else ''}".strip()))
    return [*lines, *([("Whom to call", row.contacts)] if row.contacts else [])]


def as_json(row: ToldRow | None) -> dict[str, Any]:
    """The same for programs."""
    if row is None:
        return {"version": 0, "context": {}, "contacts": "", "checked": True, "withheld": [], "order": []}
    return {
        "version": row.version,
        "context": dict(row.values),
        CONTACTS: row.contacts,
        "checked": row.is_checked,
        "withheld": list(row.withheld),
        "order": [{"attribute": attribute, "text": text} for attribute, text in row.order],
        "order_hidden": row.order_hidden,
        "told_by": row.told_by,
        "told_at": row.told_at,
    }
