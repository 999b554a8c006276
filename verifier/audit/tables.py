"""The rows of the log: entries in the order of their writing, the one head, and the tree's tiles.

An entry's `leaf` is the truth; the other columns repeat parts of it, so that entries can be found. A row without
`log_index` waits for the sequencer, unless that set it aside, because it is no entry (`verifier.audit.aside`).
"""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from verifier.audit.catalogue import EntryKind
from verifier.db.base import Base

_BIG_ID = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts only INTEGER keys up by itself


class EntryRow(Base):
    """One entry, as it was written in the transaction of what it says."""

    __tablename__ = "entries"

    id: Mapped[int] = mapped_column(_BIG_ID, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(40))
    verification_id: Mapped[str | None] = mapped_column(String(30), index=True)
    document_id: Mapped[str | None] = mapped_column(String(30), index=True)
    actor: Mapped[str | None] = mapped_column(String(30))
    recorded_at: Mapped[datetime]
    leaf: Mapped[bytes] = mapped_column(LargeBinary)
    # Rows that wait stand together in this index, under NULL, and are few: they need no index of their own.
    log_index: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    set_aside_at: Mapped[datetime | None]


_entries = EntryRow.__table__.c
_IS_READ = _entries.kind == EntryKind.LOG_READ.value
_IS_DISPOSAL = _entries.kind == EntryKind.DOCUMENT_DISPOSED.value
_IS_ASIDE = _entries.set_aside_at.is_not(None)

# An auditor's page walks one of these from its end, and reads no more rows than it shows.
Index("ix_entries_kind_log_index", _entries.kind, _entries.log_index)
Index("ix_entries_actor_log_index", _entries.actor, _entries.log_index)
# Reads are logged once in a while: finding the last one must not read the others.
Index("ix_entries_reads", _entries.actor, _entries.recorded_at, sqlite_where=_IS_READ, postgresql_where=_IS_READ)
Index("ix_entries_set_aside", _entries.id, sqlite_where=_IS_ASIDE, postgresql_where=_IS_ASIDE)
# P4: exactly one disposal per document, and so exactly one deletion receipt.
Index(
    "uq_entries_one_disposal",
    _entries.document_id,
    unique=True,
    sqlite_where=_IS_DISPOSAL,
    postgresql_where=_IS_DISPOSAL,
)


class LogHeadRow(Base):
    """The one head. `checkpoint` may be signed and not yet published; only `published_checkpoint` is shown."""

    __tablename__ = "log_head"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    checkpoint: Mapped[str | None] = mapped_column(Text)
    published_size: Mapped[int] = mapped_column(BigInteger)
    published_checkpoint: Mapped[str | None] = mapped_column(Text)
    published_at: Mapped[datetime | None]
    ended_key: Mapped[str | None] = mapped_column(Text)
    """The key of the log that this one took the place of: it signs nothing more (`verifier.audit.anew`)."""


class LogTileRow(Base):
    """One tile as wide as it is: at most 256 hashes."""

    __tablename__ = "log_tiles"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tile_index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)
