"""critical results and messages to contacts.

Revision a5f0c3d8e714, after c4a92e61b7d0.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "a5f0c3d8e714"
down_revision = "c4a92e61b7d0"
branch_labels = None
depends_on = None

TEXT, MOMENT = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
OPEN, UNSENT = "acknowledged_at IS NULL", "sent_at IS NULL AND dropped_at IS NULL"


def upgrade() -> None:
    op.create_table(
        "critical_result",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("site", TEXT(), nullable=False),
        sa.Column("raised_at", MOMENT(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_at", MOMENT(), nullable=True),
        sa.Column("chain_ended_at", MOMENT(), nullable=True),
        sa.Column("acknowledged_at", MOMENT(), nullable=True),
        sa.Column("acknowledged_by", TEXT(), nullable=False),
        sa.Column("way", TEXT(), nullable=False),
        sa.Column("told", TEXT(), nullable=False),
        sa.Column("told_at", MOMENT(), nullable=True),
        sa.CheckConstraint("way IN ('', 'page', 'api', 'telephone')", name=op.f("ck_critical_result_way")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_critical_result_case_id")),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_critical_result_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_critical_result")),
        sa.UniqueConstraint("report_id", name=op.f("uq_critical_result_report_id")),
    )
    with op.batch_alter_table("critical_result", schema=None) as batch_op:
        batch_op.create_index("ix_critical_result_case_id", ["case_id"], unique=False)
        batch_op.create_index("ix_critical_result_site", ["site"], unique=False)
        batch_op.create_index(
            "ix_critical_result_open",
            ["next_at"],
            unique=False,
            sqlite_where=sa.text(OPEN),
            postgresql_where=sa.text(OPEN),
        )
    op.create_table(
        "contact_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event", TEXT(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("critical_id", sa.Integer(), nullable=True),
        sa.Column("site", TEXT(), nullable=False),
        sa.Column("contact", TEXT(), nullable=False),
        sa.Column("channel", TEXT(), nullable=False),
        sa.Column("kind", TEXT(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("page", TEXT(), nullable=False),
        sa.Column("made_at", MOMENT(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("look_again_at", MOMENT(), nullable=False),
        sa.Column("sent_at", MOMENT(), nullable=True),
        sa.Column("dropped_at", MOMENT(), nullable=True),
        sa.Column("problem", TEXT(), nullable=False),
        sa.CheckConstraint("channel IN ('mail', 'webhook')", name=op.f("ck_contact_message_channel")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_contact_message_case_id")),
        sa.ForeignKeyConstraint(
            ["critical_id"], ["critical_result.id"], name=op.f("fk_contact_message_critical_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_message")),
        sa.UniqueConstraint("event", name=op.f("uq_contact_message_event")),
    )
    with op.batch_alter_table("contact_message", schema=None) as batch_op:
        batch_op.create_index("ix_contact_message_case_id", ["case_id"], unique=False)
        batch_op.create_index("ix_contact_message_critical_id", ["critical_id"], unique=False)
        batch_op.create_index(
            "ix_contact_message_unsent",
            ["look_again_at"],
            unique=False,
            sqlite_where=sa.text(UNSENT),
            postgresql_where=sa.text(UNSENT),
        )


def downgrade() -> None:
    op.drop_table("contact_message")
    op.drop_table("critical_result")
