"""which sequences a study shows, and the last MRI with contrast of an enrolment.

Revision d2a7c94be513, after a94d3e6c58b1.

A T1 of one image made an MRI a full one, and nobody knew whether a later MRI had the contrast a report had asked for.
What the series of earlier studies show is worked out from their facts, where these tell where images lie; else it is
not known. Verdicts that called slices of more than 6 mm (diffusion: 7 mm) readable with limits become not readable;
nobody's judgement is touched.
"""

import re
from math import hypot
from typing import Any

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "d2a7c94be513"
down_revision = "a94d3e6c58b1"
branch_labels = None
depends_on = None

STUDIES = sa.table("study", sa.column("id", sa.Integer), sa.column("facts", sa.JSON))
CASES = sa.table(
    "case",
    sa.column("id", sa.Integer),
    sa.column("study_id", sa.Integer),
    sa.column("readability", sa.String),
    sa.column("verdict", sa.JSON),
    sa.column("overrule", sa.JSON),
    sa.column("series", sa.JSON),
    sa.column("shows", sa.String),
)
NAMES = {
    "flair": ("flair",),
    "t2": ("t2",),
    "dwi": ("dwi",),
    "trace": ("dwi",),
    "t1": ("t1",),
    "t1_contrast": ("t1", "t1_contrast"),
}
THICKEST = {"dwi": 7.0, "trace": 7.0}
ANY = 6.0
BRAIN = (120.0, 145.0, 110.0)
BEST = {True: 2, None: 1, False: 0}
MARKS = {True: "", None: "?", False: "-"}
THICK = re.compile(r"^(?P<label>.+): slices are (?P<mm>[\d.]+) mm thick, ")


def upgrade() -> None:
    with op.batch_alter_table("enrolment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("last_contrast_mri_on", sa.Date(), nullable=True))
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "shows", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=sa.text("''")
            )
        )
    connection = op.get_bind()
    every = (
        sa.select(CASES, STUDIES.c.facts)
        .select_from(CASES.join(STUDIES, STUDIES.c.id == CASES.c.study_id))
        .order_by(CASES.c.id)
    )
    last = -1
    while rows := connection.execute(every.where(CASES.c.id > last).limit(500)).all():
        for row in rows:
            last = row.id
            values: dict[str, Any] = {"shows": _line(row.facts, row.series)}
            if row.readability == "readable_with_limits" and not row.overrule and _too_thick(row.verdict):
                values |= {
                    "readability": "not_readable",
                    "verdict": {**row.verdict, "readability": "not_readable"},
                }
            connection.execute(sa.update(CASES).where(CASES.c.id == row.id).values(**values))


def downgrade() -> None:
    # Without a copy of the table: drafts and reports point at its rows.
    op.drop_column("case", "shows")
    op.drop_column("enrolment", "last_contrast_mri_on")


def _line(facts: Any, series: Any) -> str:
    known = facts.get("series") if isinstance(facts, dict) else None
    told = known if known and all("stacks" in one for one in known) else series
    said: dict[str, bool | None] = {}
    kinds = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    for one in kinds:
        for name in NAMES.get(str(one.get("kind")), ()):
            shown = _shows(one)
            said[name] = max(said.get(name, shown), shown, key=BEST.__getitem__)
    if not said:
        return "none" if any(one.get("kind") not in (None, "other") for one in kinds) else ""
    return " ".join(f"{name}{MARKS[shown]}" for name, shown in sorted(said.items()))


def _shows(one: dict[str, Any]) -> bool | None:
    """Whether one stack of a series can hold a brain, in slices that are not too thick; None: not known."""
    kind, stacks = str(one.get("kind")), one.get("stacks") or []
    if (one.get("confidence") or 0) < 0.7 and kind != "t1":
        return None
    weighted = [
        stack for stack in stacks if kind not in THICKEST or 800 <= (stack.get("b_value") or 0) <= 1200
    ]
    judged = [_holds(stack, THICKEST.get(kind, ANY)) for stack in weighted]
    return max(judged, key=BEST.__getitem__, default=None)


def _holds(stack: dict[str, Any], thickest: float) -> bool | None:
    directions = stack.get("directions") or []
    thickness, spacing, across = (stack.get(name) for name in ("thickness_mm", "spacing_mm", "normal_mm"))
    if len(directions) != 6:
        return None
    (a, b, c), (d, e, f) = directions[:3], directions[3:]
    across = None if across is None else across - (stack.get("missing_mm") or 0)
    lengths = (
        ((a, b, c), stack.get("row_mm")),
        ((d, e, f), stack.get("column_mm")),
        ((b * f - c * e, c * d - a * f, a * e - b * d), across),
    )
    least = [
        (length, hypot(*(mm * cosine for mm, cosine in zip(BRAIN, way, strict=True))))
        for way, length in lengths
    ]
    if any(length is not None and length < mm - 0.5 for length, mm in least):
        return False
    if thickness and (thickness > thickest + 0.05 or thickness + 0.05 < 0.5 * (spacing or 0)):
        return False
    return None if any(length is None for length, _ in least) else True


def _too_thick(verdict: dict[str, Any]) -> bool:
    essential = {
        one.get("label"): THICKEST.get(str(one.get("name")), ANY)
        for one in verdict.get("requirements", ())
        if one.get("essential")
    }
    said = (THICK.match(limit) for limit in verdict.get("limits", ()))
    return any(one and float(one["mm"]) > essential.get(one["label"], 1e9) + 0.05 for one in said)
