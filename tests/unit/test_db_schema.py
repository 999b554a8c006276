"""The schema's history leads to what the tables say, on SQLite and on PostgreSQL, from wherever it begins."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, event, func, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.types import JSON, Boolean, LargeBinary, String

from scripts.new_migration import import_tables
from tests.servers.databases import PostgresDatabases
from verifier.db.base import Base
from verifier.db.engine import Database, open_sqlite
from verifier.db.locks import lock_name
from verifier.db.postgres import open_postgres
from verifier.db.schema import MIGRATIONS, NEWEST, find_version, upgrade_schema
from verifier.errors import ConfigurationError


def make_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


VERSIONS = sorted(script.revision for script in ScriptDirectory.from_config(make_config()).walk_revisions())


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database that nobody has set up."""
    if request.param == "sqlite":
        opened = open_sqlite(tmp_path / "empty.sqlite")
        yield opened
        opened.close()
        return
    databases: PostgresDatabases = request.getfixturevalue("postgres")
    with databases.database(template="template0") as url:
        opened = open_postgres(make_url(url).set(drivername="postgresql+psycopg"), password=databases.server.password)
        yield opened
        opened.close()


def test_the_newest_version_is_the_last_migration() -> None:
    assert ScriptDirectory.from_config(make_config()).get_heads() == [NEWEST]


def upgrade_to(database: Database, version: str) -> None:
    config = make_config()
    with database.write() as session:
        config.attributes["connection"] = session.connection()
        command.upgrade(config, version)


def find_differences(database: Database) -> object:
    import_tables()
    with database.write() as session:
        return compare_metadata(MigrationContext.configure(session.connection()), Base.metadata)


def fill(connection: Connection) -> dict[str, int]:
    """One row in every table that there is, whatever it says; how many rows each holds."""
    tables = MetaData()
    tables.reflect(connection)
    rows: dict[str, dict[str, Any]] = {}
    for table in tables.sorted_tables:
        if table.name != "alembic_version":
            given = [column.name for column in table.columns if column.computed is None]
            rows[table.name] = {name: _make_value(table, name, rows) for name in given}
            connection.execute(table.insert().values(rows[table.name]))
    return count(connection, list(rows))


def _make_value(table: Table, name: str, rows: dict[str, dict[str, Any]]) -> object:
    column = table.columns[name]
    for key in column.foreign_keys:
        return rows[key.column.table.name][key.column.name]
    if isinstance(column.type, JSON):
        return []
    if isinstance(column.type, String):
        return "x"
    if isinstance(column.type, LargeBinary):
        return b"x"
    return isinstance(column.type, Boolean) or 1


def count(connection: Connection, tables: list[str]) -> dict[str, int]:
    return {
        name: connection.execute(select(func.count()).select_from(text(name))).scalar_one() for name in sorted(tables)
    }


def test_migrations_from_empty_make_exactly_the_tables(empty: Database) -> None:
    assert find_version(empty) is None
    upgrade_schema(empty)
    upgrade_schema(empty)
    assert find_version(empty) == NEWEST
    assert find_differences(empty) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_earlier_version_becomes_the_newest_and_keeps_its_rows(empty: Database, version: str) -> None:
    upgrade_to(empty, version)
    with empty.write() as session:
        before = fill(session.connection())
    upgrade_schema(empty)
    with empty.read() as session:
        assert count(session.connection(), list(before)) == before
    assert set(before.values()) == {1}
    assert find_differences(empty) == []


def describe(database: Database) -> dict[str, object]:
    """Tables, columns, keys and indexes by their names, without what each dialect calls its types."""
    with database.read() as session:
        seen = inspect(session.connection())
        return {
            table: {
                "columns": [(column["name"], column["nullable"]) for column in seen.get_columns(table)],
                "key": seen.get_pk_constraint(table)["constrained_columns"],
                "indexes": sorted(
                    (index["name"] or "", bool(index["unique"]), tuple(index["column_names"]))
                    for index in seen.get_indexes(table)
                    if "duplicates_constraint" not in index
                ),
                "refers": sorted(
                    (key["referred_table"], key["constrained_columns"]) for key in seen.get_foreign_keys(table)
                ),
            }
            for table in seen.get_table_names()
        }


def test_both_databases_get_the_same_schema(postgres: PostgresDatabases, tmp_path: Path) -> None:
    file = open_sqlite(tmp_path / "same.sqlite")
    upgrade_schema(file)
    with postgres.database() as url:
        server = open_postgres(make_url(url).set(drivername="postgresql+psycopg"), password=postgres.server.password)
        assert describe(file) == describe(server)
        server.close()
    file.close()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(empty: Database) -> None:
    upgrade_schema(empty)
    with empty.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="newer version"):
        upgrade_schema(empty)


@pytest.mark.parametrize("empty", ["postgresql"], indirect=True)
def test_whoever_waits_for_a_migration_waits_for_as_long_as_it_takes(empty: Database) -> None:
    is_waited_for = text(
        "SELECT count(*) FROM pg_locks "
        "WHERE locktype = 'advisory' AND NOT granted AND waitstart < clock_timestamp() - interval '20 milliseconds'"
    )
    event.listen(empty.engine, "do_connect", _be_impatient)
    with ThreadPoolExecutor(1) as other:
        with empty.write() as migrating:
            lock_name(migrating, "schema")
            waiting = other.submit(upgrade_schema, empty)
            while not (migrating.scalar(is_waited_for) or waiting.done()):
                pass
        waiting.result()
    assert find_version(empty) == NEWEST


def _be_impatient(_dialect: object, _record: object, _args: object, parameters: dict[str, Any]) -> None:
    """Wait for no lock longer than a millisecond."""
    parameters["options"] += " -c lock_timeout=1ms"
