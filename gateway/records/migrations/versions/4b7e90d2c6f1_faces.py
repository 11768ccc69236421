"""faces.

Revision 4b7e90d2c6f1, after c3e91f7d40ab.

Every case before kept its faces.
"""

import sqlalchemy as sa
from alembic import op

revision = "4b7e90d2c6f1"
down_revision = "c3e91f7d40ab"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.add_column(sa.Column("faces", sa.String(), nullable=False, server_default="keep"))


def downgrade() -> None:
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.drop_column("faces")
