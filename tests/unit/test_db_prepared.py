"""A prepared statement says, stores and refuses what the same statement does by the long way."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from verifier.db.base import Base, table_of
from verifier.db.engine import Database, open_sqlite
from verifier.db.prepared import Change, Question
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import DocumentRow

_AT = datetime(2026, 11, 22, 3, 4, 5, 678_901, tzinfo=UTC)
_VALUES = {
    "id": "doc_1",
    "verification_id": "ver_1",
    "document": "identity",
    "slot": "front",
    "state": DocumentState.RECEIVING,
    "actor": "customer",
    "media_type": "image/jpeg",
    "reserved_bytes": 7,
    "created_at": _AT,
    "writer_until": _AT,
}
_INSERT = insert(table_of(DocumentRow))
_READ = select(DocumentRow.state, DocumentRow.created_at, DocumentRow.sealed_at, DocumentRow.findings).where(
    DocumentRow.id == bindparam("document"), or_(*(DocumentRow.state == state for state in DocumentState))
)
_SEAL = update(table_of(DocumentRow)).where(
    DocumentRow.id == bindparam("of_document"), DocumentRow.state == DocumentState.RECEIVING
)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    opened = open_sqlite(tmp_path / "data.sqlite")
    with opened.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.rollback()
    Base.metadata.create_all(opened.engine)
    return opened


def _begin(session: Session) -> None:
    session.connection().exec_driver_sql("PRAGMA defer_foreign_keys=ON")


def test_an_insert_stores_what_the_long_way_stores_defaults_too(database: Database) -> None:
    with database.read() as session:
        _begin(session)
        Change(_INSERT).run(session, _VALUES)
        session.connection().execute(_INSERT, {**_VALUES, "id": "doc_2"})

        short, long = (session.get_one(DocumentRow, name) for name in ("doc_1", "doc_2"))

        for column in set(DocumentRow.__table__.columns.keys()) - {"id"}:
            assert getattr(short, column) == getattr(long, column), column


def test_a_question_reads_words_and_times_as_they_were(database: Database) -> None:
    with database.read() as session:
        _begin(session)
        session.connection().execute(_INSERT, _VALUES)

        rows = Question(_READ).ask(session, {"document": "doc_1"})

        assert rows == [(DocumentState.RECEIVING, _AT, None, [])]
        assert rows == [tuple(row) for row in session.connection().execute(_READ, {"document": "doc_1"})]


def test_a_question_that_nothing_answers_has_no_rows(database: Database) -> None:
    with database.read() as session:
        assert Question(_READ).ask(session, {"document": "doc_9"}) == []


def test_a_change_counts_the_rows_that_it_hit(database: Database) -> None:
    seal = Change(_SEAL)
    sealed = {"of_document": "doc_1", "state": DocumentState.SEALED, "sealed_at": _AT}
    with database.read() as session:
        _begin(session)
        Change(_INSERT).run(session, _VALUES)

        assert [seal.run(session, sealed), seal.run(session, sealed)] == [1, 0]


def test_what_breaks_a_rule_of_the_database_raises_as_the_long_way_does(database: Database) -> None:
    with database.read() as session:
        _begin(session)
        Change(_INSERT).run(session, _VALUES)

        with pytest.raises(IntegrityError):
            Change(_INSERT).run(session, _VALUES)


def test_a_refusal_tells_no_values(database: Database) -> None:
    with database.read() as session:
        Base.metadata.drop_all(session.connection())

        with pytest.raises(OperationalError) as refused:
            Change(_INSERT).run(session, {**_VALUES, "actor": "somebody"})

        assert "somebody" not in str(refused.value)


def test_it_writes_in_the_transaction_of_its_session(database: Database) -> None:
    with database.read() as session:
        _begin(session)
        Change(_INSERT).run(session, _VALUES)
    with database.read() as session:
        assert Question(_READ).ask(session, {"document": "doc_1"}) == []
