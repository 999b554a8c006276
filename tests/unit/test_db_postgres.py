"""A PostgreSQL that cannot be used, or would lose what was answered for, is refused at start with what to change."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from tests.servers.databases import PostgresDatabases
from tests.servers.ports import free_port
from verifier.db.opening import open_database
from verifier.db.postgres import parse_database_url
from verifier.doctor import examine
from verifier.errors import ConfigurationError
from verifier.settings import Settings
from verifier.wiring import open_house

_ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(postgres: PostgresDatabases, tmp_path: Path) -> Iterator[Settings]:
    """A new database with the newest schema, and a home without stores."""
    with postgres.database() as url:
        password_file = postgres.server.password_file
        yield Settings(home=tmp_path / "home", database_url=url, database_password_file=password_file)


def refusal_of(settings: Settings) -> str:
    with pytest.raises(ConfigurationError) as refused:
        open_database(settings).close()
    assert refused.value.__cause__ is None, "a traceback could name the password"
    return refused.value.advice


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql://me@127.0.0.1/desk",
        "postgresql+asyncpg://me@127.0.0.1/desk",
        "postgresql://127.0.0.1/desk",
        "postgresql://me@127.0.0.1",
        "postgresql://me:CanaryPw@127.0.0.1/desk",
        "postgresql://me@127.0.0.1/desk?password=CanaryPw",
        "postgresql://me@127.0.0.1:port/desk",
    ],
)
def test_an_address_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="VERIFIER_DATABASE_URL") as refused:
        parse_database_url(url)
    assert "CanaryPw" not in str(refused.value)


def test_a_password_file_without_an_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="VERIFIER_DATABASE_URL names no database"):
        open_database(Settings(home=tmp_path, database_password_file=tmp_path / "password"))


def test_a_wrong_password_is_refused_and_never_repeated(settings: Settings, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.touch(mode=0o600)
    wrong.write_text("CanaryPw\n")
    advice = refusal_of(settings.model_copy(update={"database_password_file": wrong}))
    assert "VERIFIER_DATABASE_PASSWORD_FILE" in advice
    assert "CanaryPw" not in advice


def test_a_password_file_that_others_can_read_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "open").write_text("CanaryPw\n")
    (tmp_path / "open").chmod(0o644)
    advice = refusal_of(settings.model_copy(update={"database_password_file": tmp_path / "open"}))
    assert advice.startswith("VERIFIER_DATABASE_PASSWORD_FILE names a file that other users can read")


@pytest.mark.parametrize("path", ["another", "another?options=-csearch_path%3Dpublic"])
def test_a_database_that_is_not_there_is_refused_by_its_name(settings: Settings, path: str) -> None:
    url = f"{settings.database_url.rsplit('/', 1)[0]}/{path}"
    assert "knows no database another" in refusal_of(settings.model_copy(update={"database_url": url}))


def test_where_nobody_answers_the_place_is_named(settings: Settings) -> None:
    port = free_port()
    url = f"postgresql://verifier@127.0.0.1:{port}/desk"
    assert f"no PostgreSQL answers at 127.0.0.1, port {port}" in refusal_of(
        settings.model_copy(update={"database_url": url})
    )


def test_a_server_that_commits_before_the_disk_has_it_is_refused(
    settings: Settings, postgres: PostgresDatabases
) -> None:
    name = settings.database_url.rsplit("/", 1)[1]
    with postgres.server.connect() as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    assert "may lose what it has answered for" in refusal_of(settings)


def test_a_database_that_does_not_take_every_letter_is_refused(settings: Settings, postgres: PostgresDatabases) -> None:
    with postgres.server.connect() as connection:
        connection.execute("CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    url = postgres.server.url("ascii")
    assert "SQL_ASCII" in refusal_of(settings.model_copy(update={"database_url": url}))
    postgres.server.drop("ascii")


def move_own_clock(monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    tell = time.time
    monkeypatch.setattr(time, "time", lambda: tell() + minutes * 60)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_clock_far_from_the_databases_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    move_own_clock(monkeypatch, minutes)
    assert "6 minutes apart" in refusal_of(settings)


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_clock_five_minutes_apart_is_not_refused_for_the_time_that_asking_takes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    move_own_clock(monkeypatch, minutes)
    open_database(settings).close()


def test_an_empty_database_beside_stores_that_are_not_is_refused_and_stays_empty(
    settings: Settings, postgres: PostgresDatabases
) -> None:
    open_house(settings).close()
    with postgres.database() as another:
        with pytest.raises(ConfigurationError, match=r"The database is empty.*VERIFIER_DATABASE_URL"):
            open_house(settings.model_copy(update={"database_url": another}))
        with psycopg.connect(another, password=postgres.server.password) as connection:
            assert connection.execute("SELECT count(*) FROM installation").fetchone() == (0,)
    open_house(settings).close()


def test_a_statement_or_a_wait_without_end_is_ended(settings: Settings) -> None:
    database = open_database(settings)
    with database.read() as session:
        limits = [
            session.connection().exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        ]
    with database.write() as holder:
        holder.execute(text("LOCK TABLE installation"))
        with database.write() as waiter:
            waiter.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(OperationalError):
                waiter.execute(text("SELECT * FROM installation"))
            waiter.rollback()
    database.close()
    assert limits == ["30s", "10s", "1min"]


def test_what_reads_cannot_write_and_sees_one_moment(settings: Settings) -> None:
    database = open_database(settings)
    count = text("SELECT count(*) FROM orphans")
    insert = text("INSERT INTO orphans VALUES ('objects', 'x', 1)")
    with database.read() as reader:
        before = reader.scalar(count)
        with database.write() as writer:
            writer.execute(insert)
        assert reader.scalar(count) == before == 0
    with database.read() as reader:
        assert reader.scalar(count) == 1
        with pytest.raises(DBAPIError, match="read-only"):
            reader.execute(insert)
    database.close()


def test_the_doctor_finds_a_postgresql_in_order_and_one_that_is_not_there(settings: Settings) -> None:
    (database,) = [found for found in examine(settings) if found.check == "database"]
    assert database.is_ok
    assert "verifier serve sets it up" in database.sentence
    open_house(settings).close()
    (database,) = [found for found in examine(settings) if found.check == "database"]
    assert database.is_ok
    assert "can be written" in database.sentence
    gone = settings.model_copy(update={"database_url": f"postgresql://verifier@127.0.0.1:{free_port()}/desk"})
    (database,) = [found for found in examine(gone) if found.check == "database"]
    assert not database.is_ok
    assert "VERIFIER_DATABASE_URL: no PostgreSQL answers" in database.sentence


@pytest.mark.parametrize("command", [("verifier", "serve"), ("workers",)])
def test_a_process_does_not_start_on_a_wrong_address(tmp_path: Path, command: tuple[str, ...]) -> None:
    environment = os.environ | {
        "VERIFIER_HOME": str(tmp_path / "home"),
        "VERIFIER_PORT": "0",
        "VERIFIER_DATABASE_URL": f"postgresql://verifier@127.0.0.1:{free_port()}/desk",
        "PGPASSWORD": "CanaryPw",
    }
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=_ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "VERIFIER_DATABASE_URL: no PostgreSQL answers" in done.stderr
    assert "Traceback" not in done.stderr
    assert "CanaryPw" not in done.stdout + done.stderr
