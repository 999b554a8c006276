"""Opens PostgreSQL, and refuses a server that would break a promise.

Guarantees: no statement, no wait for a lock and no idle transaction lasts for ever; a server that does not answer is
noticed within seconds; a commit that was answered is on its disk. A refusal names the setting and never a password.
Isolation, and what is locked instead of serialised, is told in `docs/decisions/0021-what-postgresql-locks.md`.
"""

import time
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from verifier.db.engine import Database
from verifier.errors import ConfigurationError

URL_SETTING: Final = "VERIFIER_DATABASE_URL"
PASSWORD_SETTING: Final = "VERIFIER_DATABASE_PASSWORD_FILE"  # noqa: S105 -- a setting's name

_OLDEST_VERSION: Final = 140_000
_CLOCKS_APART: Final = timedelta(minutes=5)
_LIMITS: Final = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "default_transaction_isolation": "read\\ committed",
    "timezone": "UTC",
}
_PATIENCE: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_LOOK: Final = text(
    "SELECT current_setting('server_version_num')::int AS version, current_setting('fsync') AS fsync, "
    "current_setting('synchronous_commit') AS synchronous_commit, current_setting('server_encoding') AS encoding, "
    "pg_is_in_recovery() AS is_standby, extract(epoch FROM clock_timestamp()) AS clock"
)


def parse_database_url(value: str) -> URL:
    """Read the setting. Raises `ConfigurationError`."""
    form = "postgresql://user@host:5432/database"
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ConfigurationError(f"{URL_SETTING} is no address. Write {form}.") from None
    if url.drivername != "postgresql" or not url.database or not url.username:
        raise ConfigurationError(f"{URL_SETTING} must name a PostgreSQL database. Write {form}.")
    if url.password is not None or "password" in url.query:
        raise ConfigurationError(
            f"{URL_SETTING} holds a password, which others can read in the environment. Write {form}, put the password "
            f"into a file that only this user can read, and name that in {PASSWORD_SETTING}."
        )
    return url.set(drivername="postgresql+psycopg")


def open_postgres(url: URL, *, password: str, connections: int = 8) -> Database:
    """Connect, and look whether the server keeps what we promise.

    Raises:
        ConfigurationError: nobody answers, we are not let in, or the server would lose commits.
    """
    limits = " ".join(f"-c {name}={value}" for name, value in _LIMITS.items())
    engine = create_engine(
        url.set(password=password or None),
        pool_size=connections,
        max_overflow=2 * connections,
        pool_timeout=10,
        pool_pre_ping=True,  # one look more for each transaction, so that a restarted server fails none
        connect_args={"options": limits, "client_encoding": "utf8", "application_name": "verifier", **_PATIENCE},
    )
    try:
        with engine.connect() as connection:
            _verify_server(connection)
    except DBAPIError as error:
        engine.dispose()
        raise ConfigurationError(_tell(url, str(error.orig))) from None  # the cause could name the password
    except ConfigurationError:
        engine.dispose()
        raise
    return Database(engine)


def _verify_server(connection: Connection) -> None:
    begun = time.time()
    seen = connection.execute(_LOOK).one()
    # It told its time between our two looks: an answer that takes long makes no clock wrong.
    apart = max(begun - float(seen.clock), float(seen.clock) - time.time())
    if seen.version < _OLDEST_VERSION:
        raise ConfigurationError(f"{URL_SETTING} names a PostgreSQL older than version 14. Name a newer one.")
    if seen.is_standby:
        raise ConfigurationError(f"{URL_SETTING} names a standby, which takes no writes. Name the primary.")
    if seen.encoding != "UTF8":
        raise ConfigurationError(
            f"{URL_SETTING} names a database in {seen.encoding}. Create it anew with ENCODING 'UTF8' and TEMPLATE "
            "template0."
        )
    if apart > _CLOCKS_APART.total_seconds():
        raise ConfigurationError(
            f"The clock of this machine and that of the database ({URL_SETTING}) are {apart / 60:.0f} minutes apart. "
            "Set both by the same time servers."
        )
    if seen.fsync == "off" or seen.synchronous_commit == "off":
        raise ConfigurationError(
            f"{URL_SETTING} names a server that may lose what it has answered for. Set fsync and synchronous_commit to "
            "on there."
        )


def _tell(url: URL, reason: str) -> str:
    """What to change, by what the client library said; its text is not shown, because it may hold anything."""
    place = f"{url.host or url.query.get('host', 'this machine')}, port {url.port or 5432}"
    if "authentication failed" in reason or "no password supplied" in reason or "pg_hba.conf" in reason:
        return (
            f"{URL_SETTING}: the server at {place} does not let {url.username} in. Look at the name, and at the "
            f"password in {PASSWORD_SETTING}."
        )
    if "does not exist" in reason:
        return (
            f"{URL_SETTING}: the server at {place} knows no database {url.database}, or no user {url.username}. Create "
            "them, or name others."
        )
    return f"{URL_SETTING}: no PostgreSQL answers at {place}. Start it, or name its host and port."
