"""The sweep: runs on a clock, not on traffic, and compares what should be with what is.

Every 20 s: unfinished uploads and undecided verifications end; the clock's high-water mark is kept; deleted bytes leave
SQLite's write-ahead log. Hourly: rows and stores are compared. Bytes under a disposed id are `copy.late`: an alarm,
deleted again. What no row knows is an orphan after `orphans_after`: logged and removed, unless they are suddenly many,
which looks like a wrong setting: then nothing is deleted and the alarm rings. A few in a small store are no alarm. So
it is with keys that are missing: their verifications end, unless they are suddenly many.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select

from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.db.installation import Pace, raise_clock_mark
from verifier.db.locks import lock_name
from verifier.disposal.late import remove_late_copy, telling_what_stays
from verifier.disposal.orphans import match_keys, match_objects
from verifier.disposal.tables import OrphanRow
from verifier.errors import VerifierError
from verifier.evidence.documents import end_unfinished_upload, find_unfinished_uploads
from verifier.evidence.life import OCCUPIES_SLOT
from verifier.evidence.tables import CopyRow, DocumentRow
from verifier.ids import CopyId, DocumentId, VerificationId
from verifier.telemetry import get_log
from verifier.vault.objects import ObjectKey
from verifier.vault.service import Vault
from verifier.verifications.key_loss import end_lost, find_lost, read_live_keys
from verifier.verifications.moves import forget_references, lock_verification

_FEW_ORPHANS: Final = 5
_SETTLES_AFTER: Final = timedelta(minutes=5)
_MOST_ORPHANS: Final = 20
_MOST_ORPHANS_SHARE: Final = 0.05


class Sweep:
    """The clocked jobs of disposal."""

    def __init__(self, database: Database, *, clock: Clock, vault: Vault, orphans_after: timedelta) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._vault: Final = vault
        self._orphans_after: Final = orphans_after
        self._pace: Final = Pace()

    def tidy(self) -> None:
        """Every 20 s: keep the clock's mark, forget old rows, empty the write-ahead log."""
        with self._database.write() as session:
            now = self._clock.now(session)
            if self._pace.is_steady(now):
                raise_clock_mark(session, now)
            else:
                # A clock that leapt ahead may be set back: a mark at its height would close the intake till then.
                record(session, now, EntryKind.ALARM_RAISED, {"alarm": "clock_leapt"})
            forget_references(session, now)
        self._database.truncate_wal()

    def end_unfinished(self) -> int:
        """Give up uploads whose writer died; how many."""
        with self._database.read() as session:
            unfinished = find_unfinished_uploads(session, self._clock.now(session))
        return sum(self._end_unfinished(verification, document) for document, verification in unfinished)

    def _end_unfinished(self, verification: VerificationId, document: DocumentId) -> bool:
        with self._database.write() as session:
            lock_verification(session, verification)
            return end_unfinished_upload(session, self._clock.now(session), verification, document)

    def compare(self) -> None:
        """Hourly: compare rows with stores, and take away what should not be there."""
        with self._database.read() as session:
            now = self._clock.now(session)
        for part in (
            self._compare_objects, self._compare_keys, self._end_lost, self._compare_copies, self._destroy_roots
        ):  # fmt: skip
            try:
                part(now)
            except (VerifierError, OSError) as error:
                # What one store cannot do must not keep the others from being compared.
                get_log().error("comparison.failed", exc_info=error)

    def _destroy_roots(self, now: datetime) -> None:
        for root in self._vault.find_unused_roots(now):
            self._vault.destroy_root(root)
            with self._database.write() as session:
                record(session, self._clock.now(session), EntryKind.ROOT_KEY_DESTROYED, {"root": str(root)})

    def _compare_objects(self, now: datetime) -> None:
        orphans, seen = [], 0
        for key, copy in match_objects(self._database, self._vault):
            seen += 1
            if copy is None:
                orphans.append(key)
            # Looked at again: disposal may have come between the listing and the reading of the row.
            elif copy.seen_absent_at is not None and not self._vault.objects.is_absent(key):
                with telling_what_stays("objects", key.verification):
                    remove_late_copy(self._database, self._clock, self._vault, key, copy.id)
        known = {key.to_text(): key for key in orphans}
        for name in self._note_orphans("objects", now, sorted(known), stored=seen):
            with telling_what_stays("objects", known[name].verification):
                self._vault.delete_copy(known[name])
                self._record_orphan("objects", name, known[name].verification)

    def _compare_keys(self, now: datetime) -> None:
        orphans, seen = [], 0
        for verification, row in match_keys(self._database, self._vault):
            seen += 1
            if row is None:
                orphans.append(verification)
            elif row.unreadable_at is not None and not self._vault.keys.is_absent(verification):
                with telling_what_stays("keys", verification):
                    self._remove_late_key(verification)
        for name in self._note_orphans("keys", now, sorted(orphans), stored=seen):
            with telling_what_stays("keys", VerificationId(name)):
                self._vault.shred(VerificationId(name))
                self._record_orphan("keys", name, VerificationId(name))

    def _end_lost(self, _now: datetime) -> None:
        """The other direction: the key of what is live must be there. Suddenly many that are not: a wrong store."""
        with self._database.read() as session:
            live = len(read_live_keys(session))
        lost = find_lost(self._database, self._vault.keys)
        if not lost:
            return
        is_many = _is_suddenly_many(len(lost), among=live)
        with self._database.write() as session:
            alarm = "too_many_keys_lost" if is_many else "key_lost"
            record(session, self._clock.now(session), EntryKind.ALARM_RAISED, {"alarm": alarm, "store": "keys"})
        if is_many:
            get_log().error("keys.too_many_lost", count=len(lost))
            return
        for verification in lost:
            end_lost(self._database, self._clock, verification)

    def _compare_copies(self, now: datetime) -> None:
        """The other direction: what a row calls stored must be there."""
        with self._database.read() as session:
            stored = session.execute(
                select(CopyRow.id, CopyRow.verification_id, CopyRow.document_id, CopyRow.name).where(
                    CopyRow.stored_at <= now - _SETTLES_AFTER, CopyRow.seen_absent_at.is_(None)
                )
            ).all()
        for copy, verification, document, name in stored:
            key = ObjectKey(self._vault.installation, verification, document, name)
            if self._vault.objects.is_absent(key) and self._is_still_stored(copy):
                get_log().error("copy.missing", document=document, copy=copy)
                with self._database.write() as session:
                    fields = {"alarm": "copy_missing", "store": "objects"}
                    record(session, self._clock.now(session), EntryKind.ALARM_RAISED, fields)

    def _is_still_stored(self, copy: CopyId) -> bool:
        """Looked at again: disposal may have come between the reading of the row and the look."""
        with self._database.read() as session:
            row = session.get_one(CopyRow, copy)
            document = session.get_one(DocumentRow, row.document_id)
            return row.seen_absent_at is None and document.state in OCCUPIES_SLOT

    def _remove_late_key(self, verification: VerificationId) -> None:
        """The key of a shredded verification turned up, perhaps from a backup: say so, and shred it again."""
        get_log().error("key.late", verification=verification)
        with self._database.write() as session:
            now = self._clock.now(session)
            record(session, now, EntryKind.ALARM_RAISED, {"alarm": "key_late", "store": "keys"})
        self._vault.shred(verification)

    def _note_orphans(self, store: str, now: datetime, orphans: Sequence[str], *, stored: int) -> Sequence[str]:
        """Keep since when each orphan is known; return those to remove now: none, if they are suddenly many."""
        with self._database.write() as session:
            lock_name(session, "orphans", store)
            known = {row.name: row for row in session.scalars(select(OrphanRow).where(OrphanRow.store == store))}
            for name in known.keys() - set(orphans):
                session.delete(known[name])
            for name in orphans:
                if name not in known:
                    session.add(OrphanRow(store=store, name=name, first_seen_at=now))
            old = [name for name in orphans if name in known and known[name].first_seen_at <= now - self._orphans_after]
            if _is_suddenly_many(len(old), among=stored):
                get_log().error("orphans.too_many", store=store, count=len(old))
                record(session, now, EntryKind.ALARM_RAISED, {"alarm": "too_many_orphans", "store": store})
                return []
        return old

    def _record_orphan(self, store: str, name: str, verification: VerificationId) -> None:
        with self._database.write() as session:
            now = self._clock.now(session)
            found = delete(OrphanRow).where(OrphanRow.store == store, OrphanRow.name == name)
            if session.scalar(found.returning(OrphanRow.name)) is None:
                return  # another sweep removed it
            record(session, now, EntryKind.ORPHAN_REMOVED, {"store": store, "verification": verification})


def _is_suddenly_many(count: int, *, among: int) -> bool:
    """Whether so many look like a wrong setting or a wrong store, and not like what a crash left behind."""
    return count > _MOST_ORPHANS or count > max(_FEW_ORPHANS, among * _MOST_ORPHANS_SHARE)
