"""Writing to the audit log, and reading it.

Guarantees: `record` writes in the caller's transaction, so that what happened and its entry are durable together or
not at all; it accepts only what the catalogue knows; a document's disposal is written once. Leaves to others: giving
entries their place in the tree (the sequencer), and calling `verify_log_keeps_up` before anything is shown, decided or
taken in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Row, bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from verifier.audit.catalogue import EntryKind
from verifier.audit.errors import AlreadyDisposedError, LogBehindError
from verifier.audit.forms import Field, format_time
from verifier.audit.leaf import Statement, parse_leaf
from verifier.audit.tables import EntryRow, LogHeadRow
from verifier.db.base import table_of
from verifier.db.locks import lock_name
from verifier.db.prepared import Change
from verifier.db.wakeups import Work, wake
from verifier.ids import DocumentId, VerificationId

_INSERT: Final = Change(insert(table_of(EntryRow)))
_MAY_WAIT: Final = timedelta(seconds=30)  # DESIGN section 7
_READ_COVERS: Final = timedelta(minutes=15)

IS_WAITING: Final = EntryRow.log_index.is_(None) & EntryRow.set_aside_at.is_(None)
"""Whether an entry waits for its place."""

OLDEST_WAITING: Final = select(EntryRow.recorded_at).where(IS_WAITING).order_by(EntryRow.id).limit(1).scalar_subquery()
"""What `get_oldest_waiting` tells, as a part of a larger question."""

_PUBLISHED: Final = (
    select(LogHeadRow.published_size).where(LogHeadRow.size > LogHeadRow.published_size).scalar_subquery()
)
OLDEST_UNPUBLISHED: Final = select(EntryRow.recorded_at).where(EntryRow.log_index == _PUBLISHED).scalar_subquery()
"""What `get_oldest_unpublished` tells, as a part of a larger question."""

_WAITING: Final = select(OLDEST_WAITING)
_UNPUBLISHED: Final = select(OLDEST_UNPUBLISHED)


def record(session: Session, now: datetime, kind: EntryKind, fields: Mapping[str, Field | datetime]) -> None:
    """Append one entry in the caller's transaction. Times may be given as aware datetimes.

    Raises `EntryRefusedError` for what the catalogue does not know, and `AlreadyDisposedError` for a second
    `document.disposed` of one document: then the transaction must end.
    """
    leaf = Statement(kind, now, {name: _to_field(value) for name, value in fields.items()}).encode()
    row = {
        "kind": kind.value,
        "verification_id": fields.get("verification"),
        "document_id": fields.get("document"),
        "actor": fields.get("actor"),
        "recorded_at": now,
        "leaf": leaf,
    }
    try:
        _INSERT.run(session, row)  # past the unit of work: rows of the log are never loaded
        wake(session, Work.SEQUENCE)
    except IntegrityError as error:
        if kind is EntryKind.DOCUMENT_DISPOSED:
            raise AlreadyDisposedError from error
        raise


def _to_field(value: Field | datetime) -> Field:
    return format_time(value) if isinstance(value, datetime) else value


def record_read_once(session: Session, now: datetime, actor: str, query_digest: str) -> None:
    """Append `log.read`, unless this auditor's same query has an entry of the last 15 minutes."""
    lock_name(session, "log.read", actor, query_digest)
    fields = {"actor": actor, "query": query_digest}
    recent = select(EntryRow.leaf).where(
        # Written out, because a partial index serves no question that hides its condition in a parameter.
        EntryRow.kind == bindparam("kind", EntryKind.LOG_READ.value, literal_execute=True),
        EntryRow.actor == actor,
        EntryRow.recorded_at > now - _READ_COVERS,
        EntryRow.set_aside_at.is_(None),
        EntryRow.recorded_at <= now,  # an entry from the future covers nothing: the clock went back
    )
    if any(parse_leaf(leaf).fields == fields for leaf in session.scalars(recent)):
        return
    record(session, now, EntryKind.LOG_READ, fields)


@dataclass(frozen=True)
class EntryFilter:
    """Which entries are wanted; `None` means any. Times are those of the recording: from `since`, before `until`."""

    kind: EntryKind | None = None
    verification: VerificationId | None = None
    document: DocumentId | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def to_conditions(self) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        for column, wanted in (
            (EntryRow.kind, self.kind),
            (EntryRow.verification_id, self.verification),
            (EntryRow.document_id, self.document),
            (EntryRow.actor, self.actor),
        ):
            if wanted is not None:
                conditions.append(column == wanted)
        if self.since is not None:
            conditions.append(EntryRow.recorded_at >= self.since)
        if self.until is not None:
            conditions.append(EntryRow.recorded_at < self.until)
        return conditions


@dataclass(frozen=True)
class SequencedEntry:
    """An entry in its place in the log, with its exact bytes."""

    index: int
    statement: Statement
    leaf: bytes


@dataclass(frozen=True)
class WrittenEntry:
    """An entry that may still wait for its place: then `index` is `None`."""

    index: int | None
    leaf: bytes


def find_first_entry(session: Session, wanted: EntryFilter) -> WrittenEntry | None:
    """The first such entry that was written, sequenced or not."""
    written = select(EntryRow.log_index, EntryRow.leaf).where(EntryRow.set_aside_at.is_(None))
    row = session.execute(written.where(*wanted.to_conditions()).order_by(EntryRow.id).limit(1)).one_or_none()
    return None if row is None else WrittenEntry(row[0], row[1])


def find_entries(
    session: Session, wanted: EntryFilter, *, before_index: int | None = None, limit: int
) -> list[SequencedEntry]:
    """At most `limit` sequenced entries, newest first; the next page begins before the last index of this one."""
    query = select(EntryRow.log_index, EntryRow.leaf).where(EntryRow.log_index.is_not(None), *wanted.to_conditions())
    if before_index is not None:
        query = query.where(EntryRow.log_index < before_index)
    rows = session.execute(query.order_by(EntryRow.log_index.desc()).limit(limit)).all()
    return _to_entries(rows)


def find_entries_oldest_first(
    session: Session, wanted: EntryFilter, *, after_index: int | None = None, limit: int
) -> list[SequencedEntry]:
    """At most `limit` sequenced entries, oldest first; the next page begins after the last index of this one."""
    query = select(EntryRow.log_index, EntryRow.leaf).where(EntryRow.log_index.is_not(None), *wanted.to_conditions())
    if after_index is not None:
        query = query.where(EntryRow.log_index > after_index)
    rows = session.execute(query.order_by(EntryRow.log_index).limit(limit)).all()
    return _to_entries(rows)


def _to_entries(rows: Sequence[Row[int | None, bytes]]) -> list[SequencedEntry]:
    return [SequencedEntry(index, parse_leaf(leaf), leaf) for index, leaf in rows if index is not None]


def get_oldest_waiting(session: Session) -> datetime | None:
    """When the first entry that waits to be sequenced was recorded; `None` if none waits."""
    return session.scalar(_WAITING)


def count_waiting(session: Session) -> int:
    """How many entries wait to be sequenced."""
    return session.scalar(select(func.count(EntryRow.id)).where(IS_WAITING)) or 0


def get_oldest_unpublished(session: Session) -> datetime | None:
    """When the first entry was recorded that has its place but is under no published checkpoint; `None` if none is."""
    return session.scalar(_UNPUBLISHED)


def verify_log_keeps_up(session: Session, now: datetime) -> None:
    """Raise `LogBehindError` if an entry has waited for its place, or for its publication, for more than 30 s."""
    verify_recent(now, get_oldest_waiting(session), get_oldest_unpublished(session))


def verify_recent(now: datetime, *waiting_since: datetime | None) -> None:
    """The same for times that were read already."""
    for oldest in waiting_since:
        if oldest is not None and now - oldest > _MAY_WAIT:
            raise LogBehindError
