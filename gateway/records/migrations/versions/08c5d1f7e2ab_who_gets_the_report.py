"""who gets the report.

Revision 08c5d1f7e2ab, after f7a40d3e1c25. What was built or sent before went to the node that sent the study.
"""

import sqlalchemy as sa
from alembic import op

revision = "08c5d1f7e2ab"
down_revision = "f7a40d3e1c25"
branch_labels = None
depends_on = None

_SENDER = "(SELECT study.sender FROM study WHERE study.id = {table}.study_id)"
_ON_THE_WAY = {
    '"case"': "('COMPOSED', 'RETURNED', 'CONFIRMED')",
    "reply": "('RESTORED', 'RETURNED', 'CONFIRMED')",
}


def upgrade() -> None:
    for table, states in _ON_THE_WAY.items():
        with op.batch_alter_table(table.strip('"'), schema=None) as batch_op:
            batch_op.add_column(sa.Column("returns_to", sa.String(), nullable=False, server_default=""))
        sender = f"COALESCE({_SENDER.format(table=table)}, '')"
        op.execute(f"UPDATE {table} SET returns_to = {sender} WHERE state IN {states}")


def downgrade() -> None:
    for table in _ON_THE_WAY:
        with op.batch_alter_table(table.strip('"'), schema=None) as batch_op:
            batch_op.drop_column("returns_to")
