"""Databases for tests, of both kinds: a file of SQLite, and a copy of one migrated database on PostgreSQL."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from psycopg.sql import SQL, Identifier, Literal

from tests.servers.postgres import Postgres, run_postgres
from verifier.db.engine import open_sqlite
from verifier.db.migrations.grants import PREFIX, list_roles
from verifier.db.opening import open_database
from verifier.db.schema import upgrade_schema
from verifier.settings import Settings

ON_BOTH: Final = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
"""For tests whose SQL, or whose rivals, a database may treat in its own way."""

ON_POSTGRES: Final = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)

_TEMPLATE: Final = "template_of_tests"


def prepare_sqlite(settings: Settings) -> None:
    """Put an empty file with the newest schema where the settings look for theirs.

    A house finds it as it finds its own after the first migration, which takes longer than many a test. A PostgreSQL of
    the tests is a copy of a template already.
    """
    if settings.database_url:
        return
    settings.database_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.database_file.touch(mode=0o600)
    settings.database_file.write_bytes(_newest_sqlite())


@cache
def _newest_sqlite() -> bytes:
    with TemporaryDirectory() as folder:
        database = open_sqlite(Path(folder) / "newest.sqlite")
        upgrade_schema(database)
        database.truncate_wal()
        database.close()
        return (Path(folder) / "newest.sqlite").read_bytes()


@dataclass(frozen=True)
class PostgresDatabases:
    """A server and its template; each test gets a database of its own."""

    server: Postgres

    @contextmanager
    def database(self, *, template: str = _TEMPLATE) -> Iterator[str]:
        """The address of a new database, which is gone afterwards."""
        name = f"test_{secrets.token_hex(6)}"
        url = self.server.create(name, template=template)
        close_to_others(self.server, name)
        yield url
        self.server.drop(name)


def make_logins(server: Postgres) -> None:
    """The role of each part, and a user in it, with the password of the server's own."""
    with server.connect() as connection:
        for role in list_roles():
            connection.execute(SQL("CREATE ROLE {} NOLOGIN").format(Identifier(role)))
            made = SQL("CREATE USER {} PASSWORD {} IN ROLE {}")
            login = made.format(Identifier(f"{role}_login"), Literal(server.password), Identifier(role))
            connection.execute(login)


def close_to_others(server: Postgres, database: str) -> None:
    """As `verifier roles` leaves it: for the users of the parts alone, and without temporary tables."""
    users = SQL(", ").join(Identifier(f"{role}_login") for role in list_roles())
    with server.connect() as connection:
        connection.execute(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(Identifier(database)))
        connection.execute(SQL("GRANT CONNECT ON DATABASE {} TO {}").format(Identifier(database), users))


def as_part(url: str, part: str) -> str:
    """The address of a database for the user of one part."""
    return url.replace("://postgres@", f"://{PREFIX}{part}_login@")


@contextmanager
def run_databases() -> Iterator[PostgresDatabases]:
    """A server whose template has the newest schema."""
    with run_postgres() as server:
        make_logins(server)
        url = server.create(_TEMPLATE)
        settings = Settings(home=Path("nowhere"), database_url=url, database_password_file=server.password_file)
        database = open_database(settings)
        upgrade_schema(database)
        database.close()
        yield PostgresDatabases(server)
