"""The sweep: runs on a clock, not on traffic, and compares what should be with what is.

Every 20 s: unfinished uploads and undecided verifications end; the clock's high-water mark is kept; deleted bytes leave
SQLite's write-ahead log. Hourly: rows and stores are compared. Bytes under a disposed id are `copy.late`: an alarm,
deleted again. What no row knows is an orphan after `orphans_after`: logged and removed, unless they are suddenly many,
which looks like a wrong setting: then nothing is deleted and the alarm rings. A few in a small store are no alarm.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.db.installation import raise_clock_mark
from verifier.disposal.tables import OrphanRow
from verifier.evidence.documents import end_unfinished_uploads
from verifier.evidence.tables import CopyRow
from verifier.ids import VerificationId
from verifier.telemetry import get_log
from verifier.vault.objects import ObjectKey
from verifier.vault.service import Vault
from verifier.verifications.moves import forget_references
from verifier.verifications.tables import VerificationKeyRow

_MOST_ORPHANS: Final = 20
_MOST_ORPHANS_SHARE: Final = 0.05


class Sweep:
    """The clocked jobs of disposal."""

    def __init__(self, database: Database, *, clock: Clock, vault: Vault, orphans_after: timedelta) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._vault: Final = vault
        self._orphans_after: Final = orphans_after

    def tidy(self) -> None:
        """Every 20 s: keep the clock's mark, forget old rows, empty the write-ahead log."""
        with self._database.write() as session:
            now = self._clock.now(session)
            raise_clock_mark(session, now)
            forget_references(session, now)
        self._database.truncate_wal()

    def end_unfinished(self) -> int:
        """Give up uploads whose writer died; how many."""
        with self._database.write() as session:
            return end_unfinished_uploads(session, self._clock.now(session))

    def compare(self) -> None:
        """Hourly: compare rows with stores, and take away what should not be there."""
        with self._database.read() as session:
            now = self._clock.now(session)
        self._compare_objects(now)
        self._compare_keys(now)
        self._destroy_roots(now)

    def _destroy_roots(self, now: datetime) -> None:
        for root in self._vault.destroy_unused_roots(now):
            with self._database.write() as session:
                record(session, self._clock.now(session), EntryKind.ROOT_KEY_DESTROYED, {"root": str(root)})

    def _compare_objects(self, now: datetime) -> None:
        orphans, seen = [], 0
        for item in self._vault.objects.list(installation=self._vault.installation):
            seen += 1
            with self._database.read() as session:
                copy = _find_copy(session, item.key)
            if copy is None:
                orphans.append(item.key)
            # Looked at again: disposal may have come between the listing and the reading of the row.
            elif copy.seen_absent_at is not None and not self._vault.objects.is_absent(item.key):
                self._remove_late_copy(item.key, copy)
        known = {key.to_text(): key for key in orphans}
        for name in self._note_orphans("objects", now, sorted(known), stored=seen):
            self._vault.delete_copy(known[name])
            self._record_orphan("objects", name, known[name].verification)

    def _compare_keys(self, now: datetime) -> None:
        orphans, seen = [], 0
        for verification in self._vault.keys.list():
            seen += 1
            with self._database.read() as session:
                row = session.get(VerificationKeyRow, verification)
            if row is None:
                orphans.append(verification)
            elif row.unreadable_at is not None and not self._vault.keys.is_absent(verification):
                self._remove_late_key(verification)
        for name in self._note_orphans("keys", now, sorted(orphans), stored=seen):
            self._vault.shred(VerificationId(name))
            self._record_orphan("keys", name, VerificationId(name))

    def _remove_late_copy(self, key: ObjectKey, copy: CopyRow) -> None:
        """Bytes turned up under a disposed id: say so, and delete them again."""
        get_log().error("copy.late", document=key.document, copy=copy.id)
        self._vault.delete_copy(key)
        with self._database.write() as session:
            now = self._clock.now(session)
            fields = {"verification": key.verification, "document": key.document, "copy": copy.id}
            record(session, now, EntryKind.COPY_LATE, fields)
            record(session, now, EntryKind.ALARM_RAISED, {"alarm": "copy_late", "store": "objects"})

    def _remove_late_key(self, verification: VerificationId) -> None:
        """The key of a shredded verification turned up, perhaps from a backup: say so, and shred it again."""
        get_log().error("key.late", verification=verification)
        self._vault.shred(verification)
        with self._database.write() as session:
            now = self._clock.now(session)
            record(session, now, EntryKind.ALARM_RAISED, {"alarm": "key_late", "store": "keys"})

    def _note_orphans(self, store: str, now: datetime, orphans: Sequence[str], *, stored: int) -> Sequence[str]:
        """Keep since when each orphan is known; return those to remove now: none, if they are suddenly many."""
        with self._database.write() as session:
            known = {row.name: row for row in session.scalars(select(OrphanRow).where(OrphanRow.store == store))}
            for name in known.keys() - set(orphans):
                session.delete(known[name])
            for name in orphans:
                if name not in known:
                    session.add(OrphanRow(store=store, name=name, first_seen_at=now))
            old = [name for name in orphans if name in known and known[name].first_seen_at <= now - self._orphans_after]
            if len(old) > _MOST_ORPHANS or len(old) > max(1, stored * _MOST_ORPHANS_SHARE):
                get_log().error("orphans.too_many", store=store, count=len(old))
                record(session, now, EntryKind.ALARM_RAISED, {"alarm": "too_many_orphans", "store": store})
                return []
        return old

    def _record_orphan(self, store: str, name: str, verification: VerificationId) -> None:
        with self._database.write() as session:
            now = self._clock.now(session)
            session.execute(delete(OrphanRow).where(OrphanRow.store == store, OrphanRow.name == name))
            record(session, now, EntryKind.ORPHAN_REMOVED, {"store": store, "verification": verification})


def _find_copy(session: Session, key: ObjectKey) -> CopyRow | None:
    return session.scalars(
        select(CopyRow).where(CopyRow.document_id == key.document, CopyRow.name == key.copy)
    ).one_or_none()
