"""Makes the database's roles, one for each part of the house, and gives them their rights.

Roles belong to the whole server and need CREATEROLE to be made, so no migration makes one. Guarantees: what exists is
kept; a role that is made has no login; whoever may not make roles is told the statements. Leaves to others: the users
that log in, each a member of one role, and their passwords.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, TextClause, text

from verifier.db.engine import Database
from verifier.db.migrations.grants import grant_rights, list_roles
from verifier.errors import ConfigurationError

_MAY_MAKE: Final = text("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
_IS_OWNER: Final = text(
    "SELECT pg_has_role(current_user, datdba, 'USAGE') FROM pg_database WHERE datname = current_database()"
)
_IS_OPEN: Final = text("SELECT has_database_privilege('public', current_database(), 'CONNECT, TEMPORARY')")

_MEMBERS: Final = text(
    "SELECT DISTINCT quote_ident(m.rolname) FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member "
    "JOIN pg_roles r ON r.oid = a.roleid WHERE r.rolname = ANY(:roles) AND m.rolcanlogin ORDER BY 1"
)


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
        making = [f"CREATE ROLE {role} NOLOGIN" for role in missing]
        _verify_may(connection, _MAY_MAKE, making, what="make roles")
        closing = _list_closing(connection)
        _verify_may(connection, _IS_OWNER, closing, what="close this database to everybody else")
        schema = connection.scalar(text("SELECT quote_ident(current_schema())"))
        # Nobody makes tables beside ours: one of our names, found earlier, would be read in the place of ours.
        for statement in (*making, *closing, f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC"):
            connection.exec_driver_sql(statement)
        grant_rights(connection)
    return missing


def list_openings(database: Database) -> Sequence[str]:
    """What lets each part's own user in, once it was made: in words of SQL."""
    with database.read() as session:
        name = session.scalar(text("SELECT quote_ident(current_database())"))
    return [
        f"CREATE USER {role}_login PASSWORD '...' IN ROLE {role}; GRANT CONNECT ON DATABASE {name} TO {role}_login;"
        for role in list_roles()
    ]


def _verify_may(connection: Connection, may: TextClause, statements: Sequence[str], *, what: str) -> None:
    if statements and not connection.scalar(may):
        raise ConfigurationError(
            f"This user of the database may not {what}. Let one who may run these statements, and then run this "
            f"again: {'; '.join(statements)};"
        )


def _list_closing(connection: Connection) -> Sequence[str]:
    """What closes the database to everybody who was not let in by name; nothing, once it is closed.

    The roles are the whole server's: a member for another installation would come in here, where PUBLIC may. So it is
    users who are let in, never a role. And temporary tables are for nobody: a guard could take one for ours.
    """
    if not connection.scalar(_IS_OPEN):
        return ()
    name = connection.scalar(text("SELECT quote_ident(current_database())"))
    # Whoever came in by PUBLIC's right stays: the users that are there, each by its own name.
    users = connection.scalars(_MEMBERS, {"roles": list_roles()}).all()
    let_in = [f"GRANT CONNECT ON DATABASE {name} TO {', '.join(users)}"] if users else []
    return (*let_in, f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC")
