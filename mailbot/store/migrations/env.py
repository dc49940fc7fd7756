"""Alembic's entry: runs migrations on the connection, and in the transaction, that the store gives it."""

from alembic import context

from mailbot.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
context.run_migrations()
