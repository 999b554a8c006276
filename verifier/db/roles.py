"""Makes the database's roles, one for each part of the house, and gives them their rights.

Roles belong to the whole server and need CREATEROLE to be made, so no migration makes one. Guarantees: what exists is
kept; a role that is made has no login; whoever may not make roles is told the statements. Leaves to others: the users
that log in, each a member of one role, and their passwords.
"""

from collections.abc import Sequence

from sqlalchemy import text

from verifier.db.engine import Database
from verifier.db.migrations.grants import grant_rights, list_roles
from verifier.errors import ConfigurationError


def make_roles(database: Database) -> Sequence[str]:
    """Make the roles that are missing, and renew the rights of all; the roles that were made.

    Raises:
        ConfigurationError: this is no PostgreSQL, or this user may not make roles, with the statements for one who may.
    """
    if database.engine.dialect.name != "postgresql":
        raise ConfigurationError(
            "A file of SQLite has no roles: all of its processes are one. Name a PostgreSQL in VERIFIER_DATABASE_URL."
        )
    with database.write() as session:
        connection = session.connection()
        known = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
        missing = [role for role in list_roles() if role not in known]
        statements = [f"CREATE ROLE {role} NOLOGIN" for role in missing]
        may_make = connection.scalar(
            text("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
        )
        if missing and not may_make:
            raise ConfigurationError(
                "This user of the database may not make roles. Let one who may run these statements, and then run this "
                f"again: {'; '.join(statements)};"
            )
        for statement in (*statements, *_list_closing(session.scalar(text("SELECT current_schema()")) or "public")):
            connection.exec_driver_sql(statement)
        grant_rights(connection)
    return missing


def _list_closing(schema: str) -> Sequence[str]:
    """Nobody makes tables beside ours: one of our names, found earlier, would be read in the place of ours."""
    return (f'REVOKE CREATE ON SCHEMA "{schema}" FROM PUBLIC',)
