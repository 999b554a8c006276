"""The schema: brought to the newest version at start, forward only.

Alembic is heavy and is imported only where there is something to migrate: a worker that is started again in a hurry
finds the schema as it left it.
"""

from pathlib import Path
from typing import Final

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from verifier.db.engine import Database
from verifier.db.locks import lock_name
from verifier.errors import ConfigurationError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
NEWEST: Final = "0011"
# The owner of what stands; where nothing does yet, whoever may make it.
_MAY_MIGRATE: Final = text(
    "SELECT coalesce((SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class "
    "WHERE oid = to_regclass('alembic_version')), has_schema_privilege(current_schema(), 'CREATE'))"
)


def upgrade_schema(database: Database) -> None:
    """Bring the database to the newest version; does nothing when it is there already. Safe twice at once.

    Raises:
        ConfigurationError: the database is of a newer version of this program, or this user may not change it.
    """
    found = find_version(database)
    if found == NEWEST:
        return
    if found is not None and found > NEWEST:
        raise ConfigurationError(
            "The database was written by a newer version of Verifier. Install that version again, or a later one."
        )
    _migrate(database)


def find_version(database: Database) -> str | None:
    """The version of the schema; `None` where nothing was set up yet."""
    with database.read() as session:
        if not inspect(session.connection()).has_table("alembic_version"):
            return None
        version = session.scalar(text("SELECT version_num FROM alembic_version"))
        return None if version is None else str(version)


def is_undamaged(session: Session) -> bool:
    """Whether SQLite finds its file undamaged. PostgreSQL looks at what it reads by itself."""
    return session.get_bind().dialect.name != "sqlite" or session.scalar(text("PRAGMA quick_check")) == "ok"


def _migrate(database: Database) -> None:
    from alembic import command
    from alembic.config import Config

    is_postgresql = database.engine.dialect.name == "postgresql"
    with database.write() as session:
        if is_postgresql:
            _verify_may_migrate(session)
            # What many rows need may take longer than any other statement does, and so may the wait for it.
            session.execute(text("SET LOCAL statement_timeout = 0"))
            session.execute(text("SET LOCAL lock_timeout = 0"))
        lock_name(session, "schema")  # the waiting one finds the work done
        if is_postgresql:
            # From here on others wait behind us, for what we wait for.
            session.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "head")


def _verify_may_migrate(session: Session) -> None:
    if not session.scalar(_MAY_MIGRATE):
        raise ConfigurationError(
            "The database is not set up, or of an older version, and this process's user may not change that. "
            "Run `verifier setup` once, as the database's owner, and start this again."
        )
