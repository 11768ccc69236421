"""guesses lock no account.

Revision 4f0b7d92c6e1, after a81c5e2f9b30.

Guesses are braked by the address they come from (`gateway.web.foundation.brakes`): a lock of the account itself let
any stranger keep its owner out.
"""

import sqlalchemy as sa
from alembic import op

revision = "4f0b7d92c6e1"
down_revision = "a81c5e2f9b30"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_column("locked_until")
        batch_op.drop_column("failed_sign_ins")


def downgrade() -> None:
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("failed_sign_ins", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True))
