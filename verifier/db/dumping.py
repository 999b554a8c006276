"""A copy of the whole database in one file, and back: SQLite by its online backup, PostgreSQL by its own programs.

Guarantees: the copy shows one moment, while everybody goes on working; the row that says whose database it is, is left
out, so that a copy that was put back opens for nobody until the restore has put that row back, last of all. A password
is handed to a child in its environment, never on its command line. Leaves to others: where the file lies, and whether
it is undamaged.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import inspect
from sqlalchemy.engine import URL

from verifier.db.engine import Database
from verifier.db.postgres import PASSWORD_SETTING, parse_database_url
from verifier.durability import sync_folder
from verifier.errors import ConfigurationError
from verifier.passwords import read_password
from verifier.settings import Settings

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
_INSTALLATION: Final = "installation"
_PROGRAMS: Final = Path("/usr/lib/postgresql")


def kind_of(settings: Settings) -> str:
    """Which kind of copy belongs to the database of these settings."""
    return POSTGRESQL if settings.database_url else SQLITE


def dump_database(settings: Settings, file: Path) -> None:
    """Copy the database into a new file. Raises `ConfigurationError`, with what to change."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.close(descriptor)
    if settings.database_url:
        options = ["--format=custom", "--no-owner", f"--exclude-table-data={_INSTALLATION}", f"--file={file}"]
        _run(settings, "pg_dump", options)
        return
    with (
        closing(sqlite3.connect(settings.database_file)) as source,
        closing(sqlite3.connect(file)) as target,
    ):
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
        target.execute("PRAGMA secure_delete=ON")
        target.execute(f"DELETE FROM {_INSTALLATION}")  # noqa: S608 -- a constant
        target.commit()


def load_dump(settings: Settings, file: Path) -> None:
    """Put a copy into the empty database of these settings. Raises `ConfigurationError`, with what to change."""
    if settings.database_url:
        options = ["--no-owner", "--no-comments", "--exit-on-error", "--single-transaction"]
        _run(settings, "pg_restore", [*options, str(file)])
        return
    target = settings.database_file
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.restoring")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    shutil.copyfile(file, unfinished)
    with unfinished.open("rb") as copied:
        os.fsync(copied.fileno())
    for left in (target.with_name(f"{target.name}-wal"), target.with_name(f"{target.name}-shm")):
        left.unlink(missing_ok=True)  # of a database that is gone; beside another one they would be taken for its
    unfinished.replace(target)
    sync_folder(target.parent)


def is_empty(database: Database) -> bool:
    """Whether the database has no table at all."""
    return not inspect(database.engine).get_table_names()


def _run(settings: Settings, program: str, options: Sequence[str]) -> None:
    url = parse_database_url(settings.database_url)
    command = [_find(program), "--no-password", f"--dbname={_address(url)}", *options]
    password = read_password(settings.database_password_file, PASSWORD_SETTING)
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 -- ours
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["nothing"])[0]
        raise ConfigurationError(f"{program} ended with {done.returncode} and said: {said}. Mend that, and try again.")


def _address(url: URL) -> str:
    """Where the database is, for a program of PostgreSQL; libpq reads the rest of the address from its query."""
    return url.set(drivername="postgresql", password=None).render_as_string()


def _find(program: str) -> str:
    """The newest one that is installed: an older `pg_dump` does not read a newer server."""
    versions = sorted(_PROGRAMS.glob(f"*/bin/{program}"), key=_version_of, reverse=True)
    found = shutil.which(program) if not versions else str(versions[0])
    if found is None:
        raise ConfigurationError(f"{program} is not installed here. Install the client programs of PostgreSQL.")
    return found


def _version_of(path: Path) -> float:
    name = path.parts[-3]
    return float(name) if name.replace(".", "", 1).isdigit() else 0.0
