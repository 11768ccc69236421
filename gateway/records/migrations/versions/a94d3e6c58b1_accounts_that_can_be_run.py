"""accounts that can be run: explicit sites, sessions seen, one-time links, a second factor, known places.

An account without a site saw every site; from now on that is said in so many words. Readers, leads and administrators
without one keep what they see. A coordinator without one sees nothing until it has a site: it belonged to none, and
`gateway check` names it.

Revision a94d3e6c58b1, after b94c2e70d5a8.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "a94d3e6c58b1"
down_revision = "b94c2e70d5a8"
branch_labels = None
depends_on = None

SCOPE = "NOT every_site OR (site = '' AND role <> 'coordinator')"


def _text(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(
        name, sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=sa.text(f"'{default}'")
    )


def upgrade() -> None:
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("every_site", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("last_sign_in_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
        batch_op.add_column(_text("reset_hash"))
        batch_op.add_column(sa.Column("reset_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
        batch_op.add_column(_text("second_factor"))
        batch_op.add_column(sa.Column("factor_step", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(
            sa.Column("recovery_codes", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
        )
    account = sa.table("account", sa.column("site"), sa.column("role"), sa.column("every_site"))
    of_no_site = sa.and_(account.c.site == "", account.c.role != "coordinator")
    op.execute(sa.update(account).where(of_no_site).values(every_site=sa.true()))
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.create_check_constraint("scope", SCOPE)
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.add_column(sa.Column("last_seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
        for name in ("address", "device", "factor", "proposal"):
            batch_op.add_column(_text(name))
        batch_op.add_column(_text("stage", "open"))
    op.execute(sa.text("UPDATE web_session SET last_seen_at = created_at"))
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.alter_column(
            "last_seen_at", existing_type=sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False
        )
        batch_op.create_check_constraint("stage", "stage IN ('open', 'code', 'set-up')")
    op.create_table(
        "known_place",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("place", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("last_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_known_place_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_place")),
        sa.UniqueConstraint("account_id", "place", name=op.f("uq_known_place_account_id_place")),
    )


def downgrade() -> None:
    op.drop_table("known_place")
    op.execute(sa.text("DELETE FROM web_session WHERE stage <> 'open'"))
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_web_session_stage"), type_="check")
        for name in ("stage", "proposal", "factor", "device", "address", "last_seen_at"):
            batch_op.drop_column(name)
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_account_scope"), type_="check")
        for name in (
            "recovery_codes",
            "factor_step",
            "second_factor",
            "reset_until",
            "reset_hash",
            "last_sign_in_at",
            "every_site",
        ):
            batch_op.drop_column(name)
