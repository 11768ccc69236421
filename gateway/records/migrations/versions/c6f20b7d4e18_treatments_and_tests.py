"""treatments, day of the antibody test and last full MRI of an enrolment.

Nothing is made of what was kept before: the day of an earlier test and the kind of an earlier MRI are not known.

Revision c6f20b7d4e18, after 4b7e90d2c6f1.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "c6f20b7d4e18"
down_revision = "4b7e90d2c6f1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("enrolment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tested_on", sa.Date(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "treatments", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=sa.text("''")
            )
        )
        batch_op.add_column(sa.Column("last_full_mri_on", sa.Date(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("enrolment", schema=None) as batch_op:
        batch_op.drop_column("last_full_mri_on")
        batch_op.drop_column("treatments")
        batch_op.drop_column("tested_on")
