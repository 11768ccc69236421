"""documents that follow a report.

Revision d1f0c6a83b27, after a5f0c3d8e714.
"""

import sqlalchemy as sa
from alembic import op

revision = "d1f0c6a83b27"
down_revision = "a5f0c3d8e714"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(), nullable=False, server_default="report"))
        batch_op.add_column(sa.Column("note", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("changed", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.drop_column("changed")
        batch_op.drop_column("note")
        batch_op.drop_column("kind")
