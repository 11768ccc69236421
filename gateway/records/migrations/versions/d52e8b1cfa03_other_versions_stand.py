"""what a case does when other versions stand.

Revision d52e8b1cfa03, after c41d7a0be9f2.
"""

import sqlalchemy as sa
from alembic import op

revision = "d52e8b1cfa03"
down_revision = "c41d7a0be9f2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("case", schema=None) as batch_op:
        for name in ("to_route", "correction_wanted"):
            batch_op.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("corrections", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("read_under", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_case_read_under"), "identity", ["read_under"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_case_read_under"), type_="foreignkey")
        for name in ("read_under", "corrections", "correction_wanted", "to_route"):
            batch_op.drop_column(name)
