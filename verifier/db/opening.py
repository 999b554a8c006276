"""Chooses the database by the settings: a file of SQLite, or PostgreSQL where one is named."""

from verifier.db.engine import Database, open_sqlite
from verifier.errors import ConfigurationError
from verifier.passwords import read_password
from verifier.settings import Settings


def open_database(settings: Settings) -> Database:
    """Open the database that the settings name. Raises `ConfigurationError`, with the setting and what to write."""
    if not settings.database_url:
        if settings.database_password_file is not None:
            raise ConfigurationError(
                "VERIFIER_DATABASE_PASSWORD_FILE is set, but VERIFIER_DATABASE_URL names no database. Set it too."
            )
        return open_sqlite(settings.database_file)
    from verifier.db.postgres import PASSWORD_SETTING, open_postgres, parse_database_url

    url = parse_database_url(settings.database_url)
    return open_postgres(url, password=read_password(settings.database_password_file, PASSWORD_SETTING))
