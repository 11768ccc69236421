"""wishes of reports that a person closed.

Revision f3b7a90c52de, after d7c1a94e50b3. Nobody has closed any yet.
"""

import sqlalchemy as sa
from alembic import op

revision = "f3b7a90c52de"
down_revision = "d7c1a94e50b3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("enrolment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("closed_wishes", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    with op.batch_alter_table("enrolment", schema=None) as batch_op:
        batch_op.drop_column("closed_wishes")
