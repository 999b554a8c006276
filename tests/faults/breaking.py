"""What is broken under a house for real, in its SQLite, and mended again; and what is seen of it meanwhile."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from verifier.wiring import House


@contextmanager
def breaking_commits(house: House) -> Iterator[None]:
    """Whatever is written, SQLite refuses the commit: a foreign key that is checked only then leads nowhere."""
    with _opened(house) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        database.execute("CREATE TABLE nowhere (id INTEGER PRIMARY KEY)")
        database.execute("CREATE TABLE doom (id INTEGER REFERENCES nowhere DEFERRABLE INITIALLY DEFERRED)")
        for table in tables:
            for act in ("INSERT", "UPDATE", "DELETE"):
                body = "BEGIN INSERT INTO doom VALUES (1); END"
                database.execute(f"CREATE TRIGGER doom_{table}_{act} AFTER {act} ON {table} {body}")
    try:
        yield
    finally:
        with _opened(house) as database:
            for table in tables:
                for act in ("INSERT", "UPDATE", "DELETE"):
                    database.execute(f"DROP TRIGGER doom_{table}_{act}")
            database.execute("DROP TABLE doom")
            database.execute("DROP TABLE nowhere")


@contextmanager
def breaking_log(house: House) -> Iterator[None]:
    """SQLite takes no entry of the log."""
    with _opened(house) as database:
        database.execute("CREATE TRIGGER no_log BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'no log'); END")
    try:
        yield
    finally:
        with _opened(house) as database:
            database.execute("DROP TRIGGER no_log")


@contextmanager
def _opened(house: House) -> Iterator[sqlite3.Connection]:
    path = house.settings.database_file
    with closing(sqlite3.connect(path, isolation_level=None, timeout=20)) as connection:
        yield connection


@contextmanager
def watching(house: House) -> Iterator[Callable[[], tuple[int, int]]]:
    """Tells a number that changes with every commit of somebody else, and the number of entries."""
    with _opened(house) as connection:

        def look() -> tuple[int, int]:
            version = connection.execute("PRAGMA data_version").fetchone()[0]
            return version, connection.execute("SELECT count(*) FROM entries").fetchone()[0]

        yield look
