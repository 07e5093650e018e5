"""What alembic runs to reach the store: the transaction of whoever called it."""

from alembic import context

from vtn.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
