"""What Alembic runs for each command: always on the connection that `schema` gives it."""

from alembic import context

import gateway.records.tables.cases
import gateway.records.tables.change_maps
import gateway.records.tables.commitments
import gateway.records.tables.credentials
import gateway.records.tables.critical
import gateway.records.tables.pictures
import gateway.records.tables.told  # noqa: F401  the tables enter METADATA when they are imported
from gateway.records.tables.columns import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite cannot alter a column; Alembic then copies the table
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
