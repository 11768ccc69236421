"""aligned priors.

Revision c84b5f19d2ae, after b6d1e07c34fa.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "c84b5f19d2ae"
down_revision = "b6d1e07c34fa"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_alignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("prior_case_id", sa.Integer(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("prior_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("transform", sa.JSON(), nullable=False),
        sa.Column("residual_mm", sa.Float(), nullable=True),
        sa.Column("limit_mm", sa.Float(), nullable=False),
        sa.Column("why", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("wanted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'aligned', 'refused', 'failed')", name=op.f("ck_case_alignment_state")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_alignment_case_id")),
        sa.ForeignKeyConstraint(["prior_case_id"], ["case.id"], name=op.f("fk_case_alignment_prior_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_alignment")),
        sa.UniqueConstraint("case_id", "prior_case_id", name=op.f("uq_case_alignment_case_id_prior_case_id")),
    )
    with op.batch_alter_table("case_alignment", schema=None) as batch_op:
        batch_op.create_index(op.f("ix_case_alignment_case_id"), ["case_id"], unique=False)
        batch_op.create_index(op.f("ix_case_alignment_prior_case_id"), ["prior_case_id"], unique=False)


def downgrade() -> None:
    op.drop_table("case_alignment")
