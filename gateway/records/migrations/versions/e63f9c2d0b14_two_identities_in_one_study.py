"""two identities in one study.

Revision e63f9c2d0b14, after d52e8b1cfa03.
"""

import sqlalchemy as sa
from alembic import op

revision = "e63f9c2d0b14"
down_revision = "d52e8b1cfa03"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("study", schema=None) as batch_op:
        batch_op.add_column(sa.Column("identity_of", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("identity_until", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.add_column(sa.Column("first_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("other_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.drop_column("other_id")
        batch_op.drop_column("first_id")
    with op.batch_alter_table("study", schema=None) as batch_op:
        batch_op.drop_column("identity_until")
        batch_op.drop_column("identity_of")
