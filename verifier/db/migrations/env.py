"""Alembic's environment: runs migrations on the connection that `verifier.db.schema` hands in, then renews the rights
of the parts' roles, so that no table is ever open to one that was not given it."""

from alembic import context

from verifier.db.migrations.grants import grant_rights

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes.get("metadata"),
    render_item=context.config.attributes.get("render_item"),
    render_as_batch=True,
)
context.run_migrations()
is_newest = context.get_context().get_current_revision() == context.get_head_revision()
if connection.dialect.name == "postgresql" and is_newest:  # an older schema has not all that rights are given for
    grant_rights(connection)
