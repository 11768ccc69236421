"""verdicts that silenced the calendar.

Revision c3e91f7d40ab, after 4f0b7d92c6e1.

Earlier versions called a study readable with limits whose FLAIR, T2 or diffusion covered a few centimetres, or whose
diffusion had no b-value about 1000: it counted as an MRI in the calendar. The limit that says so is kept with the
verdict, and decides here; nobody's judgement is touched, and what an earlier version did not look at stays as it is.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "c3e91f7d40ab"
down_revision = "4f0b7d92c6e1"
branch_labels = None
depends_on = None

CASES = sa.table(
    "case",
    sa.column("id", sa.Integer),
    sa.column("readability", sa.String),
    sa.column("verdict", sa.JSON),
    sa.column("overrule", sa.JSON),
)
BECOMES = (
    ("covers ", " mm only", "not_readable"),
    ("b-values are ", "wanted is about 1000 s/mm²", "not_readable"),
    ("the b-value is not stated", "", "unknown"),
)
"""How a limit of an essential series begins and ends, and what the verdict becomes; the first that fits."""
ADDED = {"coverage", "others"}
"""What a requirement has since this version."""


def upgrade() -> None:
    rows = sa.select(CASES).where(CASES.c.readability == "readable_with_limits")
    for row in op.get_bind().execute(rows).all():
        if not row.overrule and (becomes := _becomes(row.verdict)):
            _write(row.id, becomes, {**row.verdict, "readability": becomes})


def downgrade() -> None:
    """Verdicts as earlier versions read them: what is not known may not count as readable."""
    for row in op.get_bind().execute(sa.select(CASES)).all():
        readability = "not_readable" if row.readability == "unknown" else row.readability
        requirements = [
            {key: value for key, value in one.items() if key not in ADDED}
            for one in row.verdict.get("requirements", ())
        ]
        verdict = {key: value for key, value in row.verdict.items() if key != "simplified"}
        if verdict:
            verdict |= {"requirements": requirements}
        if "readability" in verdict:
            verdict["readability"] = readability
        _write(row.id, readability, verdict)


def _becomes(verdict: dict[str, Any]) -> str:
    essential = [one for one in verdict.get("requirements", ()) if one.get("essential")]
    said = [
        limit.removeprefix(f"{one['label']}: ")
        for one in essential
        for limit in verdict.get("limits", ())
        if limit.startswith(f"{one['label']}: ")
    ]
    return next(
        (
            becomes
            for first, last, becomes in BECOMES
            for limit in said
            if limit.startswith(first) and limit.endswith(last)
        ),
        "",
    )


def _write(case_id: int, readability: str, verdict: dict[str, Any]) -> None:
    op.execute(sa.update(CASES).where(CASES.c.id == case_id).values(readability=readability, verdict=verdict))
