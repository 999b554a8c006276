"""A session that is opened late is one transaction with what the driver was asked before it."""

from pathlib import Path

import pytest
from sqlalchemy import bindparam, insert, select

from verifier.db.base import Base, table_of
from verifier.db.engine import Database, open_sqlite
from verifier.db.prepared import Change, Question
from verifier.verifications.tables import PolicyVersionRow

_KEEP = Change(insert(table_of(PolicyVersionRow)))
_FIND = Question(select(PolicyVersionRow.name).where(PolicyVersionRow.version == bindparam("version")))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    opened = open_sqlite(tmp_path / "data.sqlite")
    Base.metadata.create_all(opened.engine)
    return opened


def _row(version: str) -> dict[str, object]:
    return {"version": version, "name": version, "canonical": ""}


def _names(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(PolicyVersionRow.name)))


def test_what_either_writes_the_other_reads_and_both_are_kept(database: Database) -> None:
    with database.write() as session:
        _KEEP.run(session, _row("driver"))
        assert session.get_one(PolicyVersionRow, "driver").name == "driver"
        session.add(PolicyVersionRow(**_row("session")))
        session.flush()
        assert _FIND.ask(session, {"version": "session"}) == [("session",)]

    assert _names(database) == {"driver", "session"}


def test_what_is_only_added_is_kept(database: Database) -> None:
    with database.write() as session:
        session.add(PolicyVersionRow(**_row("added")))

    assert _names(database) == {"added"}


@pytest.mark.parametrize("uses_session", [False, True])
def test_a_block_that_raises_takes_back_what_either_wrote(database: Database, uses_session: bool) -> None:
    def write() -> None:
        with database.write() as session:
            _KEEP.run(session, _row("driver"))
            if uses_session:
                session.add(PolicyVersionRow(**_row("session")))
                session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()

    assert _names(database) == set()


@pytest.mark.parametrize("uses_session", [False, True])
def test_a_reading_writes_nothing_and_leaves_nothing_open(database: Database, uses_session: bool) -> None:
    with database.read() as session:
        _KEEP.run(session, _row("driver"))
        if uses_session:
            session.add(PolicyVersionRow(**_row("session")))
            session.flush()

    with database.write() as session:  # would wait for the lock that the reading took, if it were still held
        assert _FIND.ask(session, {"version": "driver"}) == []
    assert _names(database) == set()


def test_a_reading_sees_one_moment_however_it_asks(database: Database) -> None:
    with database.read() as session:
        assert _FIND.ask(session, {"version": "later"}) == []
        with database.write() as other:
            other.add(PolicyVersionRow(**_row("later")))

        assert session.get(PolicyVersionRow, "later") is None


def test_a_note_on_the_session_is_there_after_it_was_opened(database: Database) -> None:
    with database.write() as session:
        session.info["noted"] = True
        session.add(PolicyVersionRow(**_row("row")))
        assert session.info["noted"]
