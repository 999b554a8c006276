"""Writers of one process share a commit, and can tell no difference but the time."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from verifier.db.base import Base
from verifier.db.engine import Database, open_sqlite
from verifier.verifications.tables import HandlerRow, PolicyVersionRow

_WRITERS = 24


@pytest.fixture
def database(tmp_path: Path) -> Database:
    opened = open_sqlite(tmp_path / "data.sqlite")
    Base.metadata.create_all(opened.engine)
    return opened


def _keep(session: Session, name: str) -> None:
    session.add(PolicyVersionRow(version=name, name=name, canonical=""))


def _names(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(PolicyVersionRow.version)))


def _count_commits(database: Database) -> list[object]:
    commits: list[object] = []
    event.listen(database.engine, "commit", commits.append)
    return commits


def _hold(session: Session) -> None:
    _keep(session, "holder")


def _write_at_once(
    database: Database, write: Callable[[Session, int], None], *, first: Callable[[Session], None] = _hold
) -> dict[int, BaseException | None]:
    """Let many write while one holds the turn; how each ended."""
    ends: dict[int, BaseException | None] = {}
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with suppress(SQLAlchemyError), database.write() as session:
            first(session)
            held.set()
            go_on.wait(10)

    def run(number: int) -> None:
        try:
            with database.write() as session:
                write(session, number)
        except BaseException as error:  # noqa: BLE001 -- told to the test
            ends[number] = error
        else:
            ends[number] = None

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    writers = [threading.Thread(target=run, args=(number,)) for number in range(_WRITERS)]
    for writer in writers:
        writer.start()
    go_on.set()
    for thread in (holder, *writers):
        thread.join(30)
    return ends


def test_all_that_queued_is_written_with_fewer_commits_than_writers(database: Database) -> None:
    commits = _count_commits(database)

    ends = _write_at_once(database, lambda session, number: _keep(session, f"v{number}"))

    assert ends == dict.fromkeys(range(_WRITERS))
    assert _names(database) == {"holder", *(f"v{number}" for number in range(_WRITERS))}
    assert len(commits) < _WRITERS


def test_who_raises_takes_back_only_their_own(database: Database) -> None:
    def write(session: Session, number: int) -> None:
        _keep(session, f"v{number}")
        session.flush()
        if number % 3 == 0:
            raise KeyError(number)

    ends = _write_at_once(database, write)

    assert {number for number, end in ends.items() if isinstance(end, KeyError)} == set(range(0, _WRITERS, 3))
    assert _names(database) == {"holder", *(f"v{number}" for number in range(_WRITERS) if number % 3)}


def test_what_breaks_a_rule_of_the_database_is_refused_alone(database: Database) -> None:
    ends = _write_at_once(database, lambda session, number: _keep(session, f"v{number // 2}"))

    assert sum(end is None for end in ends.values()) == _WRITERS // 2
    assert _names(database) == {"holder", *(f"v{number}" for number in range(_WRITERS // 2))}


def test_a_commit_that_fails_fails_for_all_who_shared_it(database: Database) -> None:
    # A foreign key that is checked at the end breaks the commit itself, whoever wrote it.
    def write(session: Session, number: int) -> None:
        session.execute(text("PRAGMA defer_foreign_keys = ON"))
        session.add(HandlerRow(verification_id="nobody", actor=f"a{number}"))

    ends = _write_at_once(database, write)

    assert all(isinstance(end, SQLAlchemyError) for end in ends.values())
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(HandlerRow)) == 0
    with database.write() as session:
        _keep(session, "after")
    assert "after" in _names(database)


def test_nobody_is_refused_by_what_was_never_committed(database: Database) -> None:
    misled: set[int] = set()

    def break_commit(session: Session) -> None:
        session.execute(text("PRAGMA defer_foreign_keys = ON"))
        session.add(HandlerRow(verification_id="nobody", actor="a"))
        session.flush()

    def refuse(session: Session, number: int) -> None:
        if session.scalar(select(func.count()).select_from(HandlerRow)):
            misled.add(number)
            raise KeyError(number)

    ends = _write_at_once(database, refuse, first=break_commit)

    assert len(misled) > 1
    assert all(isinstance(ends[number], SQLAlchemyError) for number in misled)


def test_a_transaction_that_the_database_took_back_is_told_to_all(database: Database) -> None:
    # As on a full disk: SQLite rolls everything back, not only the statement that failed.
    def write(session: Session, number: int) -> None:
        _keep(session, f"v{number}")
        session.flush()
        if number == 5:
            session.execute(text("INSERT OR ROLLBACK INTO policy_versions VALUES ('holder', '', '')"))
            session.execute(text("INSERT OR ROLLBACK INTO policy_versions VALUES ('holder', '', '')"))

    ends = _write_at_once(database, write)

    assert isinstance(ends[5], SQLAlchemyError)
    written = {f"v{number}" for number, end in ends.items() if end is None}
    assert _names(database) - {"holder"} == written


def test_a_block_reads_what_the_one_before_it_wrote(database: Database) -> None:
    seen: list[int] = []

    def write(session: Session, number: int) -> None:
        seen.append(session.scalar(select(func.count()).select_from(PolicyVersionRow)) or 0)
        _keep(session, f"v{number}")

    _write_at_once(database, write)

    assert seen == list(range(1, _WRITERS + 1))
