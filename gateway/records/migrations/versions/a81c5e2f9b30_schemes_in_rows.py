"""schemes in rows.

Revision a81c5e2f9b30, after b3d8e1f06a72.

Everything before was made under scheme 1, but for the pseudonym, hash and date shift of studies without a number:
their hash has hexadecimal digits, the hash of scheme 1 the form of a UID.
"""

import sqlalchemy as sa
from alembic import op

revision = "a81c5e2f9b30"
down_revision = "b3d8e1f06a72"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scheme", sa.Integer(), nullable=False, server_default="1"))
    op.execute("UPDATE identity SET scheme = 2 WHERE patient_hash NOT LIKE '2.25.%'")
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scheme", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("study", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scheme", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("number_hash", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("has_number", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("person_of", sa.Integer(), nullable=True))
        batch_op.create_foreign_key("fk_study_person_of", "study", ["person_of"], ["id"])
        batch_op.create_index(batch_op.f("ix_study_number_hash"), ["number_hash"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_person_of"), ["person_of"], unique=False)
    op.execute("UPDATE study SET has_number = (patient_hash LIKE '2.25.%') WHERE patient_hash <> ''")


def downgrade() -> None:
    with op.batch_alter_table("study", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_study_person_of"))
        batch_op.drop_index(batch_op.f("ix_study_number_hash"))
        batch_op.drop_constraint("fk_study_person_of", type_="foreignkey")
        batch_op.drop_column("person_of")
        batch_op.drop_column("has_number")
        batch_op.drop_column("number_hash")
        batch_op.drop_column("scheme")
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.drop_column("scheme")
    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.drop_column("scheme")
