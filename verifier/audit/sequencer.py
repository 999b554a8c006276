"""The sequencer gives entries their place in the tree, signs the tree's head, and publishes it (DESIGN section 7).

Guarantees: entries are taken by having no index yet, never by a high-water mark, so a late commit is not lost; what is
no entry is set aside, and the others go on (`verifier.audit.aside`); every signature is over an extension of what was
published and of what was signed before, and leaves the process only after the commit that it belongs to; `run_once` may
run twice at once, or die anywhere and run again. There is no lease: a paused holder could fork the log. The head's row
is the lock.

Leaves to others: when to run (every second or so), and what to do about a `LogStoppedError`.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, literal, select, update
from sqlalchemy.orm import Session

from verifier import faults
from verifier.audit.aside import Written, find_written, is_entry, set_aside, take_back
from verifier.audit.ended import read_ended
from verifier.audit.errors import LogForkedError
from verifier.audit.extension import read_edge, read_narrow, verify_extends_published, verify_head
from verifier.audit.publish import Publisher
from verifier.audit.service import IS_WAITING, get_oldest_waiting
from verifier.audit.tables import EntryRow, LogHeadRow, LogTileRow
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.db.locks import insert_once
from verifier.translog.checkpoint import LogSigner
from verifier.translog.merkle import EMPTY_ROOT, hash_leaf
from verifier.translog.tiles import (
    Growth,
    append_leaves,
    list_new_tiles,
)

_BATCH: Final = 2_000


class Sequencer:
    """One log's sequencer. Any number of them may run on one database."""

    def __init__(self, database: Database, clock: Clock, signer: LogSigner, publisher: Publisher) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._signer: Final = signer
        self._publisher: Final = publisher
        self._has_looked_back = False

    def run_once(self) -> int:
        """Sequence everything that waits, publish it, and say how many entries got their place.

        Raises `LogForkedError`, `LogShortError` or `PublicationLostError`, and signs nothing, where what stands
        published is not the beginning of this log; `LogEndedError` where another log has taken its place.
        """
        published = self._verify_published()
        if not self._has_looked_back:
            take_back(self._database)
            self._has_looked_back = True
        sequenced = 0
        while batch := self._sequence_batch():
            sequenced += batch
        self._publish(published)
        return sequenced

    def _verify_published(self) -> int:
        """The size that stands published, after checking that this log extends it."""
        # Reading what is published may go over a network: no transaction is open meanwhile.
        checkpoint = self._publisher.read_checkpoint()
        with self._database.read() as session:
            return verify_extends_published(session, checkpoint, verifier=self._signer.verifier)

    def _sequence_batch(self) -> int:
        with self._database.read() as session:
            if get_oldest_waiting(session) is None:  # an idle log takes no write lock
                return 0
        with self._database.write() as session:
            head = _lock_head(session)
            verify_head(head, verifier=self._signer.verifier)
            waiting = self._take_waiting(session)
            if not waiting:
                return 0
            growth = _grow(session, head, waiting)
            _write_indexes(session, [entry.id for entry in waiting], first=head.size)
            _write_tiles(session, growth)
            faults.hit("sequence.hashed")
            checkpoint = self._signer.sign(size=growth.size, root=growth.root)
            _move_head(session, growth, checkpoint, was=head.size)
        faults.hit("sequence.committed")
        return len(waiting)

    def _take_waiting(self, session: Session) -> Sequence[Written]:
        while True:
            waiting = find_written(session, IS_WAITING, limit=_BATCH)
            others = [written for written in waiting if not is_entry(written)]
            if not others:
                return waiting
            set_aside(session, self._clock.now(session), others)  # the alarm waits now, and is taken with the rest

    def _publish(self, published: int) -> None:
        # Who publishes late must not leave an older checkpoint standing: look again until nothing is newer.
        while True:
            with self._database.read() as session:
                head = session.get(LogHeadRow, 1)
                if head is None or head.checkpoint is None or _is_published(head, published):
                    return
                verify_head(head, verifier=self._signer.verifier)
                read_edge(session, head)  # what does not lead to the signed root is not published
                size, checkpoint = head.size, head.checkpoint
            for tile in list_new_tiles(published, size):
                with self._database.read() as session:
                    hashes = read_narrow(session, tile)
                self._publisher.write_tile(tile.to_path(), hashes)
            with self._database.read() as session:
                ended = read_ended(session, published, size)
            self._publisher.note_ended(ended)
            faults.hit("sequence.tiles_published")
            self._publisher.write_checkpoint(checkpoint)
            faults.hit("sequence.published")
            self._note_published(size, checkpoint)
            published = size

    def _note_published(self, size: int, checkpoint: str) -> None:
        with self._database.write() as session:
            now = self._clock.now(session)
            session.execute(
                update(LogHeadRow)
                .where(LogHeadRow.published_size < size)
                .values(published_size=size, published_checkpoint=checkpoint, published_at=now)
            )


def _is_published(head: LogHeadRow, published: int) -> bool:
    return published >= head.size and head.published_size >= head.size


def _lock_head(session: Session) -> LogHeadRow:
    query = select(LogHeadRow).where(LogHeadRow.id == 1).with_for_update()
    head = session.scalar(query)
    if head is not None:
        return head
    insert_once(session, LogHeadRow, {"id": 1, "size": 0, "root": EMPTY_ROOT, "published_size": 0})
    return session.scalars(query).one()


def _grow(session: Session, head: LogHeadRow, waiting: Sequence[Written]) -> Growth:
    partials = read_edge(session, head)
    return append_leaves(head.size, partials, [hash_leaf(written.leaf) for written in waiting])


def _write_indexes(session: Session, entries: Sequence[int], *, first: int) -> None:
    # Each id by itself: a statement that selects again could catch a row that was committed in between.
    statement = update(EntryRow.__table__).where(  # type: ignore[arg-type]  # the table behind the class
        EntryRow.id == bindparam("entry"), EntryRow.log_index.is_(None)
    )
    rows = [{"entry": entry, "place": first + offset} for offset, entry in enumerate(entries)]
    session.connection().execute(statement.values(log_index=bindparam("place")), rows)


def _write_tiles(session: Session, growth: Growth) -> None:
    for tile, hashes in growth.tiles.items():
        session.merge(LogTileRow(level=tile.level, tile_index=tile.index, hashes=hashes))


def _move_head(session: Session, growth: Growth, checkpoint: str, *, was: int) -> None:
    moved = session.scalar(
        update(LogHeadRow)
        .where(LogHeadRow.id == 1, LogHeadRow.size == was)
        .values(size=growth.size, root=growth.root, checkpoint=checkpoint)
        .returning(literal(1))
    )
    if moved is None:
        raise LogForkedError("The log's head moved while it was locked. Run one database only.")
