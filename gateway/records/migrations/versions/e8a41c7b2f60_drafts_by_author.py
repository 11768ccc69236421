"""drafts by author.

A kept draft is its last writer's: nobody else reads it any more.

Revision e8a41c7b2f60, after c6f20b7d4e18.
"""

from alembic import op

revision = "e8a41c7b2f60"
down_revision = "c6f20b7d4e18"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.drop_constraint("pk_draft", type_="primary")
        batch_op.create_primary_key("pk_draft", ["case_id", "saved_by"])


def downgrade() -> None:
    # One draft a case again: the latest.
    op.execute(
        "DELETE FROM draft WHERE EXISTS (SELECT 1 FROM draft AS later WHERE later.case_id = draft.case_id "
        "AND (later.saved_at > draft.saved_at OR (later.saved_at = draft.saved_at "
        "AND later.saved_by > draft.saved_by)))"
    )
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.drop_constraint("pk_draft", type_="primary")
        batch_op.create_primary_key("pk_draft", ["case_id"])
