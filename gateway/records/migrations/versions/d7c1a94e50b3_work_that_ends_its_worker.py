"""how often work on a unit ended without a result.

Revision d7c1a94e50b3, after d2a7c94be513.
"""

import sqlalchemy as sa
from alembic import op

revision = "d7c1a94e50b3"
down_revision = "d2a7c94be513"
branch_labels = None
depends_on = None

UNITS = ("case", "conflict", "owed_result", "reply", "study")


def upgrade() -> None:
    for unit in UNITS:
        with op.batch_alter_table(unit, schema=None) as batch_op:
            batch_op.add_column(sa.Column("unfinished", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    for unit in reversed(UNITS):
        with op.batch_alter_table(unit, schema=None) as batch_op:
            batch_op.drop_column("unfinished")
