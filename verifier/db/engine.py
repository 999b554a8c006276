"""Hands out short transactions, on SQLite and on PostgreSQL alike.

Guarantees: `write()` commits when its block ends and rolls back when it raises; what it locked it reads as the last
holder left it. `read()` sees one moment, and never writes. On SQLite `write()` takes the one write lock before it reads
(`BEGIN IMMEDIATE`); on PostgreSQL it is READ COMMITTED, and every use case locks first what it decides on: the row of
its verification, or a name (`verifier.db.locks`). `read()` is REPEATABLE READ there.
No transaction may stay open across a store, a key, a child process or the network: that is for the callers to keep.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Final, cast

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session

from verifier.db.changes import Changes
from verifier.db.late_session import open_late
from verifier.db.line import Line
from verifier.db.presence import Presence
from verifier.db.shared_commit import SharedCommits
from verifier.db.wakeups import Tell, find_work, tell_nobody

_BUSY_TIMEOUT_MS: Final = 15_000
_ONE_MOMENT: Final = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def _prepare_connection(dbapi_connection: SqliteConnection, _record: object) -> None:
    dbapi_connection.isolation_level = None  # we say BEGIN ourselves
    cursor = dbapi_connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",
        "foreign_keys=ON",
        "trusted_schema=OFF",
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
        "wal_autocheckpoint=1000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    driver = _get_driver(connection)
    if not driver.in_transaction:  # begun already, for a session that joins late
        driver.execute(f"BEGIN {mode}")


def _get_driver(connection: Connection) -> SqliteConnection:
    return cast("SqliteConnection", connection.connection.dbapi_connection)


def _open_reading(connection: Connection) -> Session:
    return Session(connection, expire_on_commit=False, autoflush=False)


class Database:
    """One engine and its transactions."""

    def __init__(self, engine: Engine, *, presence: Presence | None = None) -> None:
        self.engine: Final = engine
        self._presence: Final = presence
        self.tell: Tell = tell_nobody
        """Told after each commit that left something to be done; returns at once, never raises."""
        self._is_sqlite: Final = engine.dialect.name == "sqlite"
        writing = engine.execution_options(sqlite_begin="IMMEDIATE")
        # Each of our reads asks several questions of one moment; on SQLite every transaction does.
        self._reading: Final = engine if self._is_sqlite else engine.execution_options(**_ONE_MOMENT)
        # SQLite has one writer. Threads and processes queue for it here, instead of polling the file's lock.
        self._line: Final = SharedCommits(writing, Line(_file_of(engine))) if self._is_sqlite else None

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that may write; committed when the block ends. Then what it left to be done is told."""
        with self._write() as session:
            yield session
        if work := find_work(session):
            self.tell(work)

    @contextmanager
    def _write(self) -> Iterator[Session]:
        if self._line is not None:
            with self._line.write() as session:
                yield session
            return
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that only reads; rolled back when the block ends."""
        if not self._is_sqlite:
            with Session(self._reading, expire_on_commit=False, autoflush=False) as session:
                yield session
            return
        with self._reading.connect() as connection:
            driver = _get_driver(connection)
            driver.execute("BEGIN")
            try:
                with open_late(connection, _open_reading, commit=False) as session:
                    yield session
            finally:
                driver.rollback()

    def open_changes(self) -> Changes:
        """What tells whether anybody committed; the caller closes it."""
        return Changes(self.engine)

    def truncate_wal(self) -> None:
        """Move SQLite's write-ahead log into its file and empty it: deleted bytes stay in it until then.

        PostgreSQL's is its server's, which keeps it for as long as it needs: nothing that must be forgotten is ever
        stored there in clear.
        """
        if not self._is_sqlite:
            return
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

    def close(self) -> None:
        self.engine.dispose()
        if self._presence is not None:
            self._presence.close()


def _file_of(engine: Engine) -> Path:
    assert engine.url.database is not None
    return Path(engine.url.database)


def presence_file(path: Path) -> Path:
    """Where everybody who has the SQLite file at `path` open says so (`verifier.db.presence`)."""
    return path.with_name("in-use")


def open_sqlite(path: Path) -> Database:
    """Open (and create) the SQLite file at `path`, readable by its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    presence = Presence(presence_file(path))
    return Database(_make_engine(path), presence=presence)


def open_sqlite_alone(path: Path) -> Database:
    """The same for whoever keeps everybody else out of it (`verifier.db.presence`)."""
    return Database(_make_engine(path))


def _make_engine(path: Path) -> Engine:
    path.touch(mode=0o600, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}", pool_size=8, max_overflow=32, pool_timeout=30)
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    return engine
