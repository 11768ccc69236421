"""pictures of cases.

Revision b6d1e07c34fa, after f3b7a90c52de. Those of older cases are made when somebody looks at them.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "b6d1e07c34fa"
down_revision = "f3b7a90c52de"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_pictures",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("index_blob", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("volumes", sa.JSON(), nullable=False),
        sa.Column("problem", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("look_again_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("wanted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'made', 'failed')", name=op.f("ck_case_pictures_state")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_pictures_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_pictures")),
    )
    with op.batch_alter_table("case_pictures", schema=None) as batch_op:
        batch_op.create_index(
            "ix_case_pictures_waiting",
            ["case_id"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )


def downgrade() -> None:
    with op.batch_alter_table("case_pictures", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_case_pictures_waiting",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
    op.drop_table("case_pictures")
