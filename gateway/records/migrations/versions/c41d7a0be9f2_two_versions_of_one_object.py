"""two versions of one object.

Revision c41d7a0be9f2, after 5d1c0a7b93e4.
"""

import sqlalchemy as sa
from alembic import op

revision = "c41d7a0be9f2"
down_revision = "5d1c0a7b93e4"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('AWAITED', 'CONTESTED', 'DECIDED', 'RECEIVED')")
STATES = "'RECEIVED', 'SAME', 'CONTESTED', 'DECIDED', 'AWAITED', 'SETTLED', 'FORGOTTEN'"
STANDINGS = "'in force', 'being compared', 'same', 'contested', 'set aside'"


def upgrade() -> None:
    op.create_table(
        "conflict",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("look_again_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_for", sa.String(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("fix", sa.String(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("objects", sa.Integer(), nullable=False),
        sa.Column("differences", sa.JSON(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("senders", sa.JSON(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_conflict_state")),
        sa.CheckConstraint("choice IN ('', 'newer', 'first', 'neither')", name=op.f("ck_conflict_choice")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_conflict_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict")),
    )
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conflict_look_again_at"), ["look_again_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_conflict_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_conflict_study_id"), ["study_id"], unique=False)
        batch_op.create_index(
            "uq_conflict_open_of_study",
            ["study_id"],
            unique=True,
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        )
    with op.batch_alter_table("instance", schema=None) as batch_op:
        batch_op.add_column(sa.Column("standing", sa.String(), nullable=False, server_default="in force"))
        batch_op.add_column(sa.Column("conflict_id", sa.Integer(), nullable=True))
    op.execute(sa.text("UPDATE instance SET standing = 'set aside' WHERE in_conflict"))
    with op.batch_alter_table("instance", schema=None) as batch_op:
        batch_op.create_check_constraint(batch_op.f("ck_instance_standing"), f"standing IN ({STANDINGS})")
        batch_op.create_foreign_key(
            batch_op.f("fk_instance_conflict_id"), "conflict", ["conflict_id"], ["id"]
        )
        batch_op.create_index(batch_op.f("ix_instance_conflict_id"), ["conflict_id"], unique=False)
        batch_op.drop_column("in_conflict")


def downgrade() -> None:
    with op.batch_alter_table("instance", schema=None) as batch_op:
        batch_op.add_column(sa.Column("in_conflict", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(sa.text("UPDATE instance SET in_conflict = (standing <> 'in force')"))
    with op.batch_alter_table("instance", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_instance_conflict_id"))
        batch_op.drop_constraint(batch_op.f("fk_instance_conflict_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("ck_instance_standing"), type_="check")
        batch_op.drop_column("conflict_id")
        batch_op.drop_column("standing")
    op.drop_table("conflict")
