"""Writing to the log in the caller's transaction, and finding what was written."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, select

from verifier import ids
from verifier.audit.catalogue import EntryKind
from verifier.audit.errors import AlreadyDisposedError, EntryRefusedError, LogBehindError
from verifier.audit.forms import Field
from verifier.audit.service import (
    EntryFilter,
    find_entries,
    find_entries_oldest_first,
    find_first_entry,
    get_oldest_waiting,
    record,
    record_read_once,
    verify_log_keeps_up,
)
from verifier.audit.tables import EntryRow

if TYPE_CHECKING:
    from tests.unit.conftest import AuditLog

STAFF = ids.new_staff_id()
QUERY = "ab" * 32


def count_entries(log: "AuditLog") -> int:
    with log.database.read() as session:
        return session.scalar(select(func.count()).select_from(EntryRow)) or 0


def explain(log: "AuditLog", statement: str, parameters: Any) -> list[str]:
    with log.database.read() as session:
        rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        return [row[3] for row in rows]


def test_an_entry_lives_and_dies_with_the_caller_s_transaction(audit_log: "AuditLog") -> None:
    def write_and_fail() -> None:
        with audit_log.database.write() as session:
            record(session, audit_log.clock.now(session), EntryKind.STAFF_SIGNED_IN, {"staff": STAFF})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert count_entries(audit_log) == 0
    with audit_log.database.write() as session:
        record(session, audit_log.clock.now(session), EntryKind.STAFF_SIGNED_IN, {"staff": STAFF})
    assert count_entries(audit_log) == 1


def test_what_the_catalogue_does_not_know_is_not_written(audit_log: "AuditLog") -> None:
    with audit_log.database.write() as session, pytest.raises(EntryRefusedError):
        record(session, audit_log.clock.now(session), EntryKind.STAFF_SIGNED_IN, {"staff": "Zoë Canary"})
    assert count_entries(audit_log) == 0


def test_a_document_is_disposed_of_once(audit_log: "AuditLog") -> None:
    with audit_log.database.write() as session:
        now = audit_log.clock.now(session)
        fields: dict[str, Field | datetime] = {
            "verification": ids.new_verification_id(),
            "document": ids.new_document_id(),
            "rule": "decided",
            "copies": ["original"],
            "key": "destroyed",
            "seen_absent_at": now,
        }
        record(session, now, EntryKind.DOCUMENT_DISPOSED, fields)
        record(session, now, EntryKind.DOCUMENT_DISPOSED, {**fields, "document": ids.new_document_id()})
    with pytest.raises(AlreadyDisposedError), audit_log.database.write() as session:
        record(session, now, EntryKind.DOCUMENT_DISPOSED, fields)
    assert count_entries(audit_log) == 2


def test_the_log_keeps_up_for_thirty_seconds_and_no_longer(audit_log: "AuditLog") -> None:
    with audit_log.database.read() as session:
        assert get_oldest_waiting(session) is None
        verify_log_keeps_up(session, audit_log.clock.now(session))
    audit_log.write_entries(2)
    with audit_log.database.read() as session:
        oldest = get_oldest_waiting(session)
        assert oldest is not None
        verify_log_keeps_up(session, oldest + timedelta(seconds=30))
        with pytest.raises(LogBehindError):
            verify_log_keeps_up(session, oldest + timedelta(seconds=30, microseconds=1))
    audit_log.sequencer.run_once()
    with audit_log.database.read() as session:
        assert get_oldest_waiting(session) is None
        verify_log_keeps_up(session, oldest + timedelta(days=1))


def test_the_same_read_is_logged_once_in_fifteen_minutes(audit_log: "AuditLog") -> None:
    with audit_log.database.write() as session:
        now = audit_log.clock.now(session)
        record_read_once(session, now, STAFF, QUERY)
        record_read_once(session, now + timedelta(minutes=14, seconds=59), STAFF, QUERY)
    assert count_entries(audit_log) == 1
    with audit_log.database.write() as session:
        record_read_once(session, now, STAFF, "cd" * 32)
        record_read_once(session, now, ids.new_staff_id(), QUERY)
    assert count_entries(audit_log) == 3
    with audit_log.database.write() as session:
        record_read_once(session, now + timedelta(minutes=15), STAFF, QUERY)
    assert count_entries(audit_log) == 4


def test_entries_are_found_by_what_they_are_about(audit_log: "AuditLog") -> None:
    first, second = audit_log.grow(3), audit_log.grow(2)
    with audit_log.database.write() as session:
        record(
            session, audit_log.clock.now(session), EntryKind.EXPECTED_VIEWED, {"verification": first, "actor": STAFF}
        )
    with audit_log.database.read() as session:
        assert find_entries(session, EntryFilter(actor=STAFF), limit=9) == [], "not yet in the log"
    audit_log.sequencer.run_once()
    with audit_log.database.read() as session:

        def find(wanted: EntryFilter) -> list[int]:
            return [entry.index for entry in find_entries(session, wanted, limit=9)]

        assert find(EntryFilter()) == [5, 4, 3, 2, 1, 0]
        assert find(EntryFilter(verification=first)) == [5, 2, 1, 0]
        assert find(EntryFilter(verification=second)) == [4, 3]
        assert find(EntryFilter(actor=STAFF)) == [5]
        assert find(EntryFilter(kind=EntryKind.LINK_OPENED, verification=first)) == [2, 1, 0]
        assert find(EntryFilter(document=ids.new_document_id())) == []


def test_entries_are_found_by_time(audit_log: "AuditLog") -> None:
    audit_log.grow(1)
    audit_log.clock.offset = timedelta(hours=1)
    audit_log.grow(1)
    with audit_log.database.read() as session:
        later = find_entries(session, EntryFilter(), limit=1)[0].statement.at
        assert [e.index for e in find_entries(session, EntryFilter(since=later), limit=9)] == [1]
        assert [e.index for e in find_entries(session, EntryFilter(until=later), limit=9)] == [0]


def test_pages_follow_each_other_in_both_directions(audit_log: "AuditLog") -> None:
    audit_log.grow(7)
    with audit_log.database.read() as session:
        newest: list[int] = []
        while page := find_entries(session, EntryFilter(), before_index=newest[-1] if newest else None, limit=3):
            newest += [entry.index for entry in page]
        oldest: list[int] = []
        while page := find_entries_oldest_first(
            session, EntryFilter(), after_index=oldest[-1] if oldest else None, limit=3
        ):
            oldest += [entry.index for entry in page]
    assert newest == [6, 5, 4, 3, 2, 1, 0]
    assert oldest == [0, 1, 2, 3, 4, 5, 6]


def test_no_question_reads_the_whole_log(audit_log: "AuditLog") -> None:
    asked: list[tuple[str, Any]] = []

    def remember(_connection: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        if statement.startswith("SELECT") and "FROM entries" in statement:
            asked.append((statement, parameters))

    event.listen(audit_log.database.engine, "before_cursor_execute", remember)
    with audit_log.database.write() as session:
        now = audit_log.clock.now(session)
        record_read_once(session, now, STAFF, QUERY)
        get_oldest_waiting(session)
        verification, document = ids.new_verification_id(), ids.new_document_id()
        wanted = [EntryFilter(kind=kind) for kind in EntryKind]
        wanted += [EntryFilter(actor=STAFF), EntryFilter(verification=verification), EntryFilter(document=document)]
        for each in [*wanted, EntryFilter(), EntryFilter(since=now), EntryFilter(until=now)]:
            find_entries(session, each, limit=9)
            find_entries_oldest_first(session, each, limit=9)
        for each in wanted[-2:]:
            find_first_entry(session, each)
    event.remove(audit_log.database.engine, "before_cursor_execute", remember)
    assert len(asked) > 2 * len(EntryKind)
    for statement, parameters in asked:
        steps = explain(audit_log, statement, parameters)
        steps = [step for step in steps if not step.startswith(("SCAN CONSTANT ROW", "SCALAR SUBQUERY"))]
        assert all(step.startswith(("SEARCH", "USE TEMP")) for step in steps), (statement, steps)
        is_narrow = "verification_id =" in statement or "document_id =" in statement  # a few rows, sorted
        assert is_narrow or not any("TEMP" in step for step in steps), (statement, steps)
    assert "ix_entries_reads" in explain(audit_log, *asked[0])[0]
