"""Whether anybody has committed to the database: a cheap question that saves the dear ones.

Who looks for work many times a second asks this first. SQLite counts the commits of every process but the asking
connection's own (`PRAGMA data_version`, https://www.sqlite.org/pragma.html#pragma_data_version), so that one is kept
apart and never writes. PostgreSQL keeps no such count; there, every look is worth it.
"""

import itertools
import threading
from contextlib import suppress
from sqlite3 import Error as SqliteError
from typing import Final

from sqlalchemy import Engine, PoolProxiedConnection
from sqlalchemy.exc import SQLAlchemyError


class Changes:
    """Numbers that differ where something was committed between them. For many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Final = engine
        self._lock: Final = threading.Lock()
        self._connection: PoolProxiedConnection | None = None
        self._unknown: Final = itertools.count(-1, -1)

    def read(self) -> int:
        """The number of this moment. Where it cannot be told, one that differs from all others."""
        with suppress(SqliteError, SQLAlchemyError), self._lock:
            if self._engine.dialect.name == "sqlite":
                self._connection = self._connection or self._engine.raw_connection()
                (version,) = self._connection.cursor().execute("PRAGMA data_version").fetchone()
                return int(version)
        return next(self._unknown)

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
