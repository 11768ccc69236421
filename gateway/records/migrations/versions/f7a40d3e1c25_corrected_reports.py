"""corrected reports.

Revision f7a40d3e1c25, after e63f9c2d0b14.
"""

import sqlalchemy as sa
from alembic import op

revision = "f7a40d3e1c25"
down_revision = "e63f9c2d0b14"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.add_column(sa.Column("predecessor", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.drop_column("predecessor")
