"""requests for storage commitment have rows.

Revision b3d8e1f06a72, after f7a40d3e1c25.

Requests made before have none: the objects they were about are asked about again. Answers received before stay as they
are, and no later one is written over them.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "b3d8e1f06a72"
down_revision = "f7a40d3e1c25"
branch_labels = None
depends_on = None


def upgrade() -> None:
    when = sqlmodel.sql.sqltypes.UTCDateTime()
    with op.batch_alter_table("commitment", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default="case")
        )
        batch_op.add_column(sa.Column("unit_id", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("asked", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("asked_at", when, nullable=True))
        batch_op.add_column(sa.Column("taken", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.execute("UPDATE commitment SET asked_at = answered_at")
    with op.batch_alter_table("commitment", schema=None) as batch_op:
        batch_op.alter_column("asked_at", existing_type=when, nullable=False)
        batch_op.alter_column("answered_at", existing_type=when, nullable=True)


def downgrade() -> None:
    when = sqlmodel.sql.sqltypes.UTCDateTime()
    op.execute("DELETE FROM commitment WHERE answered_at IS NULL")
    with op.batch_alter_table("commitment", schema=None) as batch_op:
        batch_op.alter_column("answered_at", existing_type=when, nullable=False)
        for name in ("taken", "asked_at", "asked", "unit_id", "unit"):
            batch_op.drop_column(name)
