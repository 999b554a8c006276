"""What stands among the entries and is none: it is set aside, told of, and never signed.

The guards in the database hold the customers' tier to the letter of the catalogue. Somebody whom no guard binds could
leave bytes there that nobody can read: signed once, they would be in the log for good, and readers would fail at them.

Guarantees: what `is_entry` does not take gets no place; it stays as it was found, and an alarm stands in the log in the
same transaction. A process that begins looks at it again, so that what only an older version did not know is not lost.
Leaves to others: finding out who wrote it, and taking it away (`docs/how-to/watch-it.md`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from verifier.audit.catalogue import EntryKind
from verifier.audit.errors import EntryRefusedError
from verifier.audit.leaf import parse_leaf
from verifier.audit.service import record
from verifier.audit.tables import EntryRow
from verifier.db.engine import Database
from verifier.telemetry import get_log

_MOST_LOOKED_AT: Final = 1_000


@dataclass(frozen=True)
class Written:
    """A row that waits: its leaf, and what its columns say of it."""

    id: int
    leaf: bytes
    kind: str
    names: tuple[str | None, str | None, str | None]


def find_written(session: Session, condition: ColumnElement[bool], *, limit: int) -> Sequence[Written]:
    """The first of the rows that are so, in the order of their writing."""
    row = EntryRow
    columns = (row.id, row.leaf, row.kind, row.verification_id, row.document_id, row.actor)
    found = session.execute(select(*columns).where(condition).order_by(row.id).limit(limit))
    return [Written(id_, leaf, kind, (of, document, actor)) for id_, leaf, kind, of, document, actor in found]


def is_entry(written: Written) -> bool:
    """Whether the leaf is one of the catalogue, and the columns by which it is found say the same."""
    try:
        statement = parse_leaf(written.leaf)
    except EntryRefusedError:
        return False
    names = tuple(statement.fields.get(name) for name in ("verification", "document", "actor"))
    return (statement.kind.value, names) == (written.kind, written.names)


def set_aside(session: Session, now: datetime, written: Sequence[Written]) -> None:
    """Let these wait no longer, and say so, in the caller's transaction."""
    session.execute(update(EntryRow).where(EntryRow.id.in_([each.id for each in written])).values(set_aside_at=now))
    record(session, now, EntryKind.ALARM_RAISED, {"alarm": "entry_set_aside"})
    get_log().critical("log.entry_set_aside", count=len(written))


def take_back(database: Database) -> None:
    """Let those wait again that are entries to this version: an older one may have set them aside."""
    with database.read() as session:
        found = find_written(session, EntryRow.set_aside_at.is_not(None), limit=_MOST_LOOKED_AT)
    known = [each.id for each in found if is_entry(each)]
    if known:
        with database.write() as session:
            session.execute(update(EntryRow).where(EntryRow.id.in_(known)).values(set_aside_at=None))


def list_set_aside(session: Session, *, limit: int) -> Sequence[int]:
    """The ids of rows that were set aside, first ones first."""
    query = select(EntryRow.id).where(EntryRow.set_aside_at.is_not(None)).order_by(EntryRow.id)
    return session.scalars(query.limit(limit)).all()
