"""maps of change.

Revision c4a92e61b7d0, after c84b5f19d2ae.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "c4a92e61b7d0"
down_revision = "c84b5f19d2ae"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_change_map",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("prior_case_id", sa.Integer(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("prior_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("stack", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("prior_stack", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("transform", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("why", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("wanted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'made', 'none')", name=op.f("ck_case_change_map_state")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_change_map_case_id")),
        sa.ForeignKeyConstraint(
            ["prior_case_id"], ["case.id"], name=op.f("fk_case_change_map_prior_case_id")
        ),
        sa.PrimaryKeyConstraint("case_id", "prior_case_id", name=op.f("pk_case_change_map")),
    )
    with op.batch_alter_table("case_change_map", schema=None) as batch_op:
        batch_op.create_index(
            "ix_case_change_map_waiting",
            ["case_id"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )


def downgrade() -> None:
    with op.batch_alter_table("case_change_map", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_case_change_map_waiting",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
    op.drop_table("case_change_map")
