"""superseded critical results.

Revision c8e35a0b7f19, after b7d21e9f4c08.
"""

import sqlalchemy as sa
from alembic import op

revision = "c8e35a0b7f19"
down_revision = "b7d21e9f4c08"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("critical_result", schema=None) as batch_op:
        batch_op.add_column(sa.Column("superseded_by", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            "fk_critical_result_superseded_by", "critical_result", ["superseded_by"], ["id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("critical_result", schema=None) as batch_op:
        batch_op.drop_constraint("fk_critical_result_superseded_by", type_="foreignkey")
        batch_op.drop_column("superseded_by")
