"""requests for storage commitment and the results that we owe have rows, objects all their senders.

Revision b3d8e1f06a72, after 0b6e2f4d9a71.

Requests made before have none: the objects they were about are asked about again. Answers received before stay as they
are, and no later one is written over them. Of an object received before, only the sender of its study is known.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "b3d8e1f06a72"
down_revision = "0b6e2f4d9a71"
branch_labels = None
depends_on = None


def upgrade() -> None:
    when = sqlmodel.sql.sqltypes.UTCDateTime()
    with op.batch_alter_table("commitment", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default="case")
        )
        batch_op.add_column(sa.Column("unit_id", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("asked", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("asked_at", when, nullable=True))
        batch_op.add_column(sa.Column("taken", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.execute("UPDATE commitment SET asked_at = answered_at")
    with op.batch_alter_table("commitment", schema=None) as batch_op:
        batch_op.alter_column("asked_at", existing_type=when, nullable=False)
        batch_op.alter_column("answered_at", existing_type=when, nullable=True)
    _owed_results(when)
    with op.batch_alter_table("instance", schema=None) as batch_op:
        batch_op.add_column(sa.Column("senders", sa.JSON(), nullable=False, server_default="[]"))
    study = sa.table("study", sa.column("id", sa.Integer()), sa.column("sender", sa.String()))
    instance = sa.table("instance", sa.column("study_id", sa.Integer()), sa.column("senders", sa.JSON()))
    for (sender,) in op.get_bind().execute(sa.select(study.c.sender).distinct()).all():
        if sender:
            of_sender = sa.select(study.c.id).where(study.c.sender == sender)
            op.execute(sa.update(instance).where(instance.c.study_id.in_(of_sender)).values(senders=[sender]))


def _owed_results(when: sqlmodel.sql.sqltypes.UTCDateTime) -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "owed_result",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("look_again_at", when, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failing_since", when, nullable=True),
        sa.Column("waiting_for", text(), nullable=False),
        sa.Column("lease_owner", text(), nullable=False),
        sa.Column("lease_until", when, nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("problem", text(), nullable=False),
        sa.Column("fix", text(), nullable=False),
        sa.Column("node", text(), nullable=False),
        sa.Column("calling_ae_title", text(), nullable=False),
        sa.Column("transaction_uid", text(), nullable=False),
        sa.Column("state", text(), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("objects", sa.Integer(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=True),
        sa.Column("asked_at", when, nullable=False),
        sa.Column("reached_at", when, nullable=False),
        sa.CheckConstraint("state IN ('OWED', 'REPORTED', 'DROPPED')", name=op.f("ck_owed_result_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owed_result")),
        sa.UniqueConstraint("node", "transaction_uid", name=op.f("uq_owed_result_node_transaction_uid")),
    )
    for name in ("look_again_at", "state"):
        op.create_index(op.f(f"ix_owed_result_{name}"), "owed_result", [name])


def downgrade() -> None:
    when = sqlmodel.sql.sqltypes.UTCDateTime()
    with op.batch_alter_table("instance", schema=None) as batch_op:
        batch_op.drop_column("senders")
    op.drop_table("owed_result")
    op.execute("DELETE FROM commitment WHERE answered_at IS NULL")
    with op.batch_alter_table("commitment", schema=None) as batch_op:
        batch_op.alter_column("answered_at", existing_type=when, nullable=False)
        for name in ("taken", "asked_at", "asked", "unit_id", "unit"):
            batch_op.drop_column(name)
