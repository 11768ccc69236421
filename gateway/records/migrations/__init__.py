"""The database schema and how it came to be: Alembic revisions, shipped with the package.

`schema` brings a database to this version's, `check` proves that the revisions make the tables in the code, `env` is
what Alembic runs; the revisions themselves lie in `versions/`, which is no package.
"""
