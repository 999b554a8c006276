"""What the user of a customers' tier must not be able to do in PostgreSQL, tried for real.

Guarantees: every attempt is made in a transaction that is rolled back, and is worded so that it would hit no row: the
database asks for the right before it looks for rows. Leaves to others: what follows from what succeeded.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from verifier.db.engine import Database

_NOT_ALLOWED: Final = "42501"  # insufficient_privilege, in PostgreSQL's appendix A

_FORBIDDEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "read what is sealed": "SELECT sealed FROM sealed_values LIMIT 0",
        "read a contact point": "SELECT sealed FROM contact_points LIMIT 0",
        "read a notice": "SELECT sealed FROM notices LIMIT 0",
        "read a code": "SELECT code_digest FROM contact_checks LIMIT 0",
        "read an API key": "SELECT secret_digest FROM api_keys LIMIT 0",
        "read staff's sessions": "SELECT token_digest FROM staff_sessions LIMIT 0",
        "add a staff session": "INSERT INTO staff_sessions (token_digest) SELECT NULL WHERE false",
        "invite staff": "INSERT INTO staff_invites (token_digest) SELECT NULL WHERE false",
        "add an API key": "INSERT INTO api_keys (id) SELECT NULL WHERE false",
        "change a key": "UPDATE verification_keys SET public_key = NULL WHERE false",
        "add a key": "INSERT INTO verification_keys (verification_id) SELECT NULL WHERE false",
        "issue a link": "INSERT INTO links (token_digest) SELECT NULL WHERE false",
        "write a contact verdict": "UPDATE contact_checks SET state = NULL WHERE false",
        "add a contact check": "INSERT INTO contact_checks (id) SELECT NULL WHERE false",
        "judge what was handed in": "UPDATE contact_submissions SET result = NULL WHERE false",
        "write a notice": "INSERT INTO notices (id) SELECT NULL WHERE false",
        "decide": "INSERT INTO decisions (verification_id) SELECT NULL WHERE false",
        "close a duty to destroy": "UPDATE obligations SET closed_at = NULL WHERE false",
        "change the log": "UPDATE entries SET log_index = NULL WHERE false",
        "add a head of the log": "INSERT INTO log_head (id) SELECT NULL WHERE false",
        "make a table": "CREATE TABLE verifier_trial (id integer)",
        "make a temporary table": "CREATE TEMPORARY TABLE verifier_trial (id integer)",
    }
)
_UNBOUNDED: Final = text(
    "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication FROM pg_roles "
    "WHERE rolname = session_user"
)
_OPEN_TO_ALL: Final = text("SELECT has_database_privilege('public', current_database(), 'CONNECT')")
_ROLES: Final = text(
    "SELECT rolname FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER') AND rolname != session_user "
    "AND rolname != 'verifier_customer' ORDER BY rolname"
)


def find_allowed(database: Database) -> Iterator[str]:
    """What was allowed of it, in words. Raises the database's errors where it gives no answer."""
    for what, statement in _FORBIDDEN.items():
        if _is_allowed(database, statement):
            yield what
    with database.read() as session:
        if session.scalar(_UNBOUNDED):
            yield "be bound by nothing, for its user has a right over the whole server"
        if session.scalar(_OPEN_TO_ALL):
            yield "share its database with every user of the server (run `verifier roles` as the database's owner)"
        for role in session.scalars(_ROLES):
            yield f"be {role}"
        if not session.scalar(text("SELECT verifier_is_customer()")):
            yield "write past the guards, for its user is no member of verifier_customer"


def _is_allowed(database: Database, statement: str) -> bool:
    with database.engine.connect() as connection:
        try:
            _try(connection, statement)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _NOT_ALLOWED:
                raise
            return False
        finally:
            connection.rollback()
    return True


def _try(connection: Connection, statement: str) -> None:
    connection.execute(text(statement))
