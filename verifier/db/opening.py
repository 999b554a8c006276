"""Chooses the database by the settings: a file of SQLite, or PostgreSQL where one is named."""

from collections.abc import Iterator
from contextlib import contextmanager

from verifier.db.engine import Database, open_sqlite, open_sqlite_alone, presence_file
from verifier.db.presence import alone, alone_in_postgres, verify_nobody_is_alone
from verifier.errors import ConfigurationError
from verifier.passwords import read_password
from verifier.settings import Settings


def open_database(settings: Settings) -> Database:
    """Open the database that the settings name. Raises `ConfigurationError`, with the setting and what to write."""
    if not settings.database_url:
        _verify_no_password(settings)
        return open_sqlite(settings.database_file)
    database = _open_postgres(settings)
    try:
        verify_nobody_is_alone(database.engine)
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def alone_with_database(settings: Settings) -> Iterator[None]:
    """Keep everybody else out of it. Raises `ConfigurationError` while somebody has it open."""
    if not settings.database_url:
        settings.database_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(presence_file(settings.database_file)):
            yield
        return
    database = _open_postgres(settings)
    try:
        with alone_in_postgres(database.engine):
            yield
    finally:
        database.close()


def open_database_alone(settings: Settings) -> Database:
    """Open it inside `alone_with_database`, which lets nobody open it otherwise. Raises as `open_database`."""
    if not settings.database_url:
        _verify_no_password(settings)
        return open_sqlite_alone(settings.database_file)
    return _open_postgres(settings)


def _verify_no_password(settings: Settings) -> None:
    if settings.database_password_file is not None:
        raise ConfigurationError(
            "VERIFIER_DATABASE_PASSWORD_FILE is set, but VERIFIER_DATABASE_URL names no database. Set it too."
        )


def _open_postgres(settings: Settings) -> Database:
    from verifier.db.postgres import PASSWORD_SETTING, open_postgres, parse_database_url

    url = parse_database_url(settings.database_url)
    return open_postgres(url, password=read_password(settings.database_password_file, PASSWORD_SETTING))
