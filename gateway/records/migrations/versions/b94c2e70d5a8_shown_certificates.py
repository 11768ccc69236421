"""certificates that nodes showed.

Revision b94c2e70d5a8, after e2a94c7d1b60.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "b94c2e70d5a8"
down_revision = "e2a94c7d1b60"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shown_certificate",
        sa.Column("node", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("use", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fingerprint", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("use IN ('calling', 'called')", name=op.f("ck_shown_certificate_use")),
        sa.PrimaryKeyConstraint("node", "use", name=op.f("pk_shown_certificate")),
    )


def downgrade() -> None:
    op.drop_table("shown_certificate")
