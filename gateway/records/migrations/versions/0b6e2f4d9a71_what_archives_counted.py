"""what archives counted.

Revision 0b6e2f4d9a71, after 19d6e2a80c3f.
"""

import sqlalchemy as sa
from alembic import op

revision = "0b6e2f4d9a71"
down_revision = "19d6e2a80c3f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("study", schema=None) as batch_op:
        batch_op.add_column(sa.Column("archive_counts", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    with op.batch_alter_table("study", schema=None) as batch_op:
        batch_op.drop_column("archive_counts")
