"""The schema's history leads to what the tables say."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from scripts.new_migration import import_tables
from verifier.db.base import Base
from verifier.db.engine import open_sqlite
from verifier.db.schema import MIGRATIONS, NEWEST, upgrade_schema
from verifier.errors import ConfigurationError


def test_the_newest_version_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [NEWEST]


def test_migrations_from_empty_make_exactly_the_tables(tmp_path: Path) -> None:
    import_tables()
    database = open_sqlite(tmp_path / "empty.sqlite")
    upgrade_schema(database)
    upgrade_schema(database)
    with database.write() as session:
        context = MigrationContext.configure(session.connection())
        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    database = open_sqlite(tmp_path / "newer.sqlite")
    upgrade_schema(database)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="newer version"):
        upgrade_schema(database)
    database.close()
