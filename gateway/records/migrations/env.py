"""What Alembic runs for each command: always on the connection that `schema` gives it."""

from alembic import context

from gateway.records.tables.columns import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite cannot alter a column; Alembic then copies the table
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
