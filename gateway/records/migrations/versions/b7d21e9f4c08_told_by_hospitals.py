"""what hospitals tell.

Revision b7d21e9f4c08, after d1f0c6a83b27.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "b7d21e9f4c08"
down_revision = "d1f0c6a83b27"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hospital_context",
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("contacts", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("told_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("told_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("checked", sa.Integer(), nullable=False),
        sa.Column("withheld", sa.JSON(), nullable=False),
        sa.Column("order_of", sa.Integer(), nullable=False),
        sa.Column("order_texts", sa.JSON(), nullable=False),
        sa.Column("order_hidden", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_hospital_context_study_id")),
        sa.PrimaryKeyConstraint("study_id", name=op.f("pk_hospital_context")),
    )


def downgrade() -> None:
    op.drop_table("hospital_context")
