"""check values of the keys.

Revision 19d6e2a80c3f, after 08c5d1f7e2ab. They are written when the keys are proven, not here: here there are no keys.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "19d6e2a80c3f"
down_revision = "08c5d1f7e2ab"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "key_check",
        sa.Column("file", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("value", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("noted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("file", name=op.f("pk_key_check")),
    )


def downgrade() -> None:
    op.drop_table("key_check")
