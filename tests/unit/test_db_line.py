"""Processes stand in line before they write: past nobody who waits, and never for long behind one that is stopped."""

import fcntl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from verifier.db.engine import Database, open_sqlite
from verifier.db.line import Line

_STANDS: Final = """
import sys, time
from pathlib import Path
from verifier.db.line import Line
line = Line(Path(sys.argv[1]))
line.wait()
print("in", flush=True)
time.sleep(600)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "verifier.sqlite"
    path.touch()
    return path


def is_free(file: Path, name: str) -> bool:
    """Whether nobody holds a place."""
    with file.with_name(name).open() as place:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@contextmanager
def waiting(line: Line, order: list[str], file: Path) -> Iterator[None]:
    """Another one that has the second place."""

    def write_once() -> None:
        line.wait()
        order.append("second")
        line.leave()

    thread = threading.Thread(target=write_once)
    thread.start()
    while is_free(file, "writes-next"):
        assert thread.is_alive()
    yield
    thread.join(10)


def test_whoever_has_just_written_does_not_come_before_who_waits(file: Path) -> None:
    first, second, order = Line(file), Line(file), list[str]()
    first.wait()
    with waiting(second, order, file):
        first.leave()
        for _ in range(20):
            first.wait()
            order.append("first")
            first.leave()
    assert order.index("second") == 0


@pytest.mark.parametrize("place", ["writing", "writes-next"])
def test_one_that_is_stopped_is_waited_for_once_and_no_more(
    file: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    other = Line(file, patience=0.05)
    with file.with_name(place).open() as stopped:
        fcntl.flock(stopped, fcntl.LOCK_EX)
        other.wait()
        other.leave()
        monkeypatch.setattr("verifier.db.line.time.sleep", slept.append)
        other.wait()
        other.leave()
    assert slept == []
    other.wait()
    assert not is_free(file, "writing"), "once the place is free again, the line is stood in again"


def test_the_place_of_a_process_that_died_is_free(file: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _STANDS, str(file)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in\n"
        assert not is_free(file, "writing")
        process.kill()
    assert is_free(file, "writing")
    assert is_free(file, "writes-next")


class TestThroughTheDatabase:
    """Whoever writes stands in the line, and leaves it however the block ends."""

    @pytest.fixture
    def database(self, file: Path) -> Iterator[Database]:
        opened = open_sqlite(file)
        with opened.write() as session:
            session.execute(text("CREATE TABLE things (name TEXT UNIQUE)"))
        yield opened
        opened.close()

    def test_it_is_held_while_a_block_writes_and_free_after_the_commit(self, database: Database, file: Path) -> None:
        with database.write() as session:
            session.execute(text("INSERT INTO things VALUES ('one')"))
            assert not is_free(file, "writing")
        assert is_free(file, "writing")

    def test_it_is_free_after_a_block_that_raised(self, database: Database, file: Path) -> None:
        with suppress(ZeroDivisionError), database.write():
            raise ZeroDivisionError
        assert is_free(file, "writing")

    def test_it_is_free_after_a_transaction_that_was_lost(self, database: Database, file: Path) -> None:
        with pytest.raises(SQLAlchemyError), database.write() as session:
            session.connection().connection.dbapi_connection.rollback()  # type: ignore[union-attr]
        assert is_free(file, "writing")

    def test_it_is_free_where_no_transaction_could_begin(
        self, database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise SQLAlchemyError

        monkeypatch.setattr("sqlalchemy.engine.Connection.begin", refuse)
        with pytest.raises(SQLAlchemyError), database.write():
            pass
        assert is_free(file, "writing")
