"""Whether anybody has the database open: a restore must be alone.

Guarantees: a process that has the database of SQLite open holds a shared lock beside it until it closes it or dies;
`alone` is refused while one does, and refuses everybody until it ends. PostgreSQL is asked who else is connected.
"""

import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from verifier.errors import ConfigurationError

_RUNNING: Final = (
    "This installation is running, and a restore must be alone. Stop verifier serve, every worker and every other "
    "command, and run this again."
)
_OTHERS: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


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
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise ConfigurationError(_RUNNING) from error
    finally:
        os.close(descriptor)


def verify_alone(session: Session) -> None:
    """Raise `ConfigurationError` where others are connected to a PostgreSQL."""
    if session.get_bind().dialect.name == "postgresql" and session.scalar(_OTHERS):
        raise ConfigurationError(_RUNNING)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
