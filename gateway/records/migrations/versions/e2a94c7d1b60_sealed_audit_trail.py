"""address, case, outcome and seal of an audit event.

Rows of before keep their digests; new rows have none, and every row is sealed by the worker.

Revision e2a94c7d1b60, after d1f4a83c6b97.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "e2a94c7d1b60"
down_revision = "d1f4a83c6b97"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString()
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        for name, usual in (("address", "''"), ("outcome", "'done'"), ("key_id", "''"), ("seal", "''")):
            batch_op.add_column(sa.Column(name, text, nullable=False, server_default=sa.text(usual)))
        batch_op.add_column(sa.Column("case_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("place", sa.Integer(), nullable=True))
        batch_op.alter_column("previous", existing_type=text, nullable=True)
        batch_op.alter_column("digest", existing_type=text, nullable=True)
        batch_op.create_unique_constraint(batch_op.f("uq_audit_event_place"), ["place"])
        batch_op.create_check_constraint(
            batch_op.f("ck_audit_event_outcome"), "outcome IN ('done', 'refused', 'failed')"
        )
        for name in ("at", "who", "subject", "case_id"):
            batch_op.create_index(batch_op.f(f"ix_audit_event_{name}"), [name], unique=False)


def downgrade() -> None:
    """Events since the upgrade have no digest and could not stay: they are left out, and the trail says less."""
    op.execute("DELETE FROM audit_event WHERE digest IS NULL")
    text = sqlmodel.sql.sqltypes.AutoString()
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        for name in ("at", "who", "subject", "case_id"):
            batch_op.drop_index(batch_op.f(f"ix_audit_event_{name}"))
        batch_op.drop_constraint(batch_op.f("ck_audit_event_outcome"), type_="check")
        batch_op.drop_constraint(batch_op.f("uq_audit_event_place"), type_="unique")
        batch_op.alter_column("digest", existing_type=text, nullable=False)
        batch_op.alter_column("previous", existing_type=text, nullable=False)
        for name in ("place", "case_id", "seal", "key_id", "outcome", "address"):
            batch_op.drop_column(name)
