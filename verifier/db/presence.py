"""Whether anybody has the database open: a restore must be alone.

Guarantees: a process that has the database of SQLite open holds a shared lock beside it until it closes it or dies;
`alone` is refused while one does, and refuses everybody until it ends. In PostgreSQL `alone_in_postgres` takes a lock
first and then looks who else is connected, and whoever opens it connects first and then looks whether that lock is
taken: so one of the two sees the other.
"""

import fcntl
import os
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from verifier.errors import ConfigurationError

_RUNNING: Final = (
    "This installation is running, and a restore must be alone. Stop verifier serve, every worker and every other "
    "command, and run this again."
)
_OTHERS: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    # Autovacuum is nobody's, and is no reason to wait. What kind of process another role's is, not everybody may see.
    "AND usesysid IS NOT NULL"
)

_LEAVES_WITHIN_SECONDS: Final = 1.0
_LOOK_EVERY_SECONDS: Final = 0.05
_LOCK: Final = {"name": "verifier/alone"}
_TAKE: Final = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
_RELEASE: Final = text("SELECT pg_advisory_unlock_all()")
_IS_FREE: Final = text("SELECT pg_try_advisory_xact_lock_shared(hashtextextended(:name, 0))")


class Presence:
    """A lock that says "somebody is here"; it ends with the process at the latest."""

    def __init__(self, path: Path) -> None:
        descriptor = _open(path)
        # Also run when a database is dropped without closing it: nobody is here any more then.
        self._close: Final = weakref.finalize(self, os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise ConfigurationError(
                f"A restore is under way beside {path.parent}. Wait until it has ended."
            ) from error

    def close(self) -> None:
        self._close()


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep everybody out. Raises `ConfigurationError` while somebody is here."""
    descriptor = _open(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(_RUNNING) from error
        yield
    finally:
        os.close(descriptor)


@contextmanager
def alone_in_postgres(engine: Engine) -> Iterator[None]:
    """Keep everybody out. Raises `ConfigurationError` while somebody is connected."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            if not (connection.scalar(_TAKE, _LOCK) and _have_others_left(connection)):
                raise ConfigurationError(_RUNNING)
            yield
        finally:
            with suppress(DBAPIError):  # the lock ends with its connection, should that be lost
                connection.execute(_RELEASE)


def _have_others_left(connection: Connection) -> bool:
    """Whether nobody else is connected; whoever has just left is seen a moment longer."""
    ends_at = time.monotonic() + _LEAVES_WITHIN_SECONDS
    while connection.scalar(_OTHERS):
        if time.monotonic() >= ends_at:
            return False
        time.sleep(_LOOK_EVERY_SECONDS)
    return True


def verify_nobody_is_alone(engine: Engine) -> None:
    """Raise `ConfigurationError` while somebody keeps everybody out of this PostgreSQL."""
    with engine.connect() as connection:
        if not connection.scalar(_IS_FREE, _LOCK):
            raise ConfigurationError("A restore is under way in this database. Wait until it has ended.")


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
