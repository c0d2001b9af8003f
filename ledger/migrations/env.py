"""How Alembic runs here: always on a connection that `ledger.revisions` opened and will commit."""

from __future__ import annotations

from alembic import context

from ledger import closing_tables, released  # noqa: F401  their tables belong to the metadata
from ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # The connection's own transaction covers DDL on both databases: all of a migration or none.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
