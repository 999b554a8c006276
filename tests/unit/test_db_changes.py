"""A look that would find nothing is not made: the database says whether anybody committed."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.faults.running import wait_until
from verifier.db.changes import Changes
from verifier.db.engine import Database, open_sqlite
from verifier.db.wakeups import Zone
from verifier.settings import Settings
from verifier.wiring import Workshop, open_house, open_workshop
from workers import embedded
from workers.embedded import EmbeddedWorker
from workers.schedule import Job


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_sqlite(tmp_path / "some.sqlite")
    with database.write() as session:
        session.execute(text("CREATE TABLE some (number INTEGER)"))
    yield database
    database.close()


def write(database: Database) -> None:
    with database.write() as session:
        session.execute(text("INSERT INTO some VALUES (1)"))


def test_a_commit_changes_the_number_and_a_look_does_not(database: Database) -> None:
    changes = database.open_changes()
    before = changes.read()
    with database.write() as session:
        session.execute(text("SELECT * FROM some"))
    with database.read():
        assert changes.read() == before
    write(database)
    assert changes.read() != before
    assert changes.read() == changes.read()
    changes.close()


def test_a_commit_of_another_process_changes_it_too(database: Database, tmp_path: Path) -> None:
    changes = database.open_changes()
    before = changes.read()
    other = open_sqlite(tmp_path / "some.sqlite")
    write(other)
    other.close()
    assert changes.read() != before
    changes.close()


def test_where_nothing_can_be_told_everything_may_have_changed(tmp_path: Path) -> None:
    changes = Changes(create_engine(f"sqlite:///{tmp_path}"))  # a folder is no database
    assert len({changes.read() for _ in range(10)}) == 10
    changes.close()


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    house = open_house(Settings(home=tmp_path))
    workshop = open_workshop(house)
    yield workshop
    workshop.close()
    house.close()


def looking(workshop: Workshop, looks: list[int]) -> EmbeddedWorker:
    """A worker whose only job finds nothing, a thousand times a second if it is let."""

    def look(_workshop: Workshop) -> int:
        looks.append(len(looks))
        return 0

    return EmbeddedWorker(workshop, [Job("look", Zone.DISPOSE, "look", timedelta(milliseconds=1), look)])


def test_a_worker_looks_when_somebody_has_committed(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_RESTS_AT_MOST", 3600.0)
    looks: list[int] = []
    worker = looking(workshop, looks)
    worker.start()
    wait_until(lambda: bool(looks), within=10, what="the worker did not look")
    time.sleep(0.3)
    assert len(looks) == 1
    with workshop.house.database.write() as session:
        session.execute(text("UPDATE installation SET clock_high_at = clock_high_at + 1"))
    wait_until(lambda: len(looks) == 2, within=10, what="the worker did not look again")
    worker.stop()


def test_a_worker_looks_now_and_then_where_nobody_commits(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_RESTS_AT_MOST", 0.01)
    looks: list[int] = []
    worker = looking(workshop, looks)
    worker.start()
    wait_until(lambda: len(looks) > 3, within=10, what="the worker did not look again")
    worker.stop()
