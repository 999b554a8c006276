"""Alembic's environment: runs migrations on the connection that `verifier.db.schema` hands in."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes.get("metadata"),
    render_item=context.config.attributes.get("render_item"),
    render_as_batch=True,
)
context.run_migrations()
