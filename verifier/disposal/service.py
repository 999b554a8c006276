"""Disposal of documents, in this order and safe to repeat: mark, wait for the fence, delete, look, attest.

Guarantees: the row outlives the bytes; only observed absence earns a tombstone; one `document.disposed` entry a
document. Where the verification has ended, its key is seen gone first, unless a hold on something else keeps it: then
the statement says so. What cannot be deleted stays due, is shown as overdue, and is tried again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from verifier import faults
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.db.leases import rest_for
from verifier.evidence.documents import end_document, note_absent
from verifier.evidence.fence import FENCE_FOR
from verifier.evidence.life import BEFORE, DocumentState
from verifier.evidence.tables import CopyRow, DocumentRow
from verifier.ids import CopyId, DocumentId, VerificationId
from verifier.meters import get_meters
from verifier.retention import service as retention
from verifier.retention.holds import end_holds
from verifier.retention.service import Rule
from verifier.telemetry import get_log
from verifier.vault.errors import StillPresentError, StoreUnavailableError
from verifier.vault.objects import ObjectKey
from verifier.vault.service import Vault
from verifier.verifications.moves import lock_verification
from verifier.verifications.tables import VerificationKeyRow

_BATCH: Final = 32
_KEY_GOES_FIRST: Final = timedelta(milliseconds=300)
_LONGEST_FENCE: Final = FENCE_FOR + timedelta(seconds=10)

KEY_DESTROYED: Final = "destroyed"
KEY_ENDS_LATER: Final = "ends_with_verification"
KEY_HELD: Final = "held"


@dataclass(frozen=True)
class _Task:
    """One document to dispose of: where its copies lie, and when its last writer stops."""

    document: DocumentId
    verification: VerificationId
    copies: Sequence[tuple[CopyId, str]]
    fenced_until: datetime | None


class Disposer:
    """Disposes of documents whose obligations are due."""

    def __init__(self, database: Database, *, clock: Clock, vault: Vault) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._vault: Final = vault

    def dispose_due(self) -> int:
        """Dispose of the next due documents; how many were taken up."""
        with self._database.write() as session:
            due = retention.lease_due(session, self._clock.now(session), limit=_BATCH)
        if due:
            faults.hit("dispose.leased")
        for document in due:
            try:
                self._dispose(document)
            except (StillPresentError, StoreUnavailableError) as error:
                get_log().exception("disposal.failed", document=document, code=error.code)
                self._rest(document)
            except Exception as error:  # noqa: BLE001 -- a fault of ours with one document must not keep the others
                get_log().critical("disposal.broke", document=document, exc_info=error)
                self._rest(document)
        return len(due)

    def _dispose(self, document: DocumentId) -> None:
        task = self._mark(document)
        faults.hit("dispose.marked")
        if task.fenced_until is not None:
            self._rest(document, until=task.fenced_until)
            return
        for _, name in task.copies:
            self._vault.delete_copy(ObjectKey(self._vault.installation, task.verification, document, name))
            faults.hit("dispose.copy_deleted")
        # After the last look: an absence from before it is not what was seen.
        with self._database.read() as session:
            looked_at = self._clock.now(session)
        faults.hit("dispose.looked")
        self._attest(task, seen_absent_at=looked_at)
        faults.hit("dispose.committed")

    def _mark(self, document: DocumentId) -> _Task:
        """Fence the document off: from here on no writer of it can close, and all of it is due."""
        with self._database.write() as session:
            row = _lock(session, document)
            now = self._clock.now(session)
            end_holds(session, now, row.verification_id)  # in the log before what it held is gone
            rule = retention.get_rule(session, document)
            end_document(session, now, row.verification_id, document, rule=rule)
            copies = session.execute(select(CopyRow.id, CopyRow.name).where(CopyRow.document_id == document)).all()
            # A fence further ahead than any writer draws it was drawn by a clock that has been set back since.
            is_fenced = now < row.writer_until <= now + _LONGEST_FENCE
            return _Task(
                document=document,
                verification=row.verification_id,
                copies=[(copy, name) for copy, name in copies],
                fenced_until=row.writer_until if is_fenced else None,
            )

    def _attest(self, task: _Task, *, seen_absent_at: datetime) -> None:
        with self._database.write() as session:
            lock_verification(session, task.verification)
            now = self._clock.now(session)
            key = session.get_one(VerificationKeyRow, task.verification)
            is_due = key.shred_by is not None and key.shred_by <= now
            if is_due and key.unreadable_at is None:
                # The bytes are gone; the statement waits until the key was seen gone too.
                attempts = retention.count_attempts(session, task.document)
                retention.lease_again_at(session, task.document, at=now + attempts * _KEY_GOES_FIRST)
                return
            rule = retention.get_rule(session, task.document)
            hit = session.execute(
                update(DocumentRow)
                .where(DocumentRow.id == task.document, DocumentRow.state.in_(BEFORE[DocumentState.DISPOSED]))
                .values(state=DocumentState.DISPOSED, disposed_at=now, disposed_rule=rule, reserved_bytes=0)
                .returning(DocumentRow.id)
            ).all()
            if len(hit) != 1:
                return  # another worker attested it
            copies = [copy for copy, _ in task.copies]
            note_absent(session, copies, seen_absent_at=seen_absent_at)
            due_since = retention.close_obligations(session, copies, seen_absent_at=seen_absent_at)
            _record_disposal(session, now, task, rule=rule, key=key, seen_absent_at=seen_absent_at)
        if due_since is not None:
            get_meters().time_gone(seen_absent_at - due_since, rule=rule)

    def _rest(self, document: DocumentId, *, until: datetime | None = None) -> None:
        with self._database.write() as session:
            _lock(session, document)
            at = until or self._clock.now(session) + rest_for(retention.count_attempts(session, document))
            retention.lease_again_at(session, document, at=at)


def _record_disposal(
    session: Session, now: datetime, task: _Task, *, rule: Rule, key: VerificationKeyRow, seen_absent_at: datetime
) -> None:
    of = {"verification": task.verification, "document": task.document}
    if rule is Rule.RESTORED:  # its deletion receipt was given before the backup came back
        record(session, now, EntryKind.DOCUMENT_DISPOSED_AGAIN, {**of, "seen_absent_at": seen_absent_at})
        return
    copies = [copy for copy, _ in task.copies]
    fields = {"rule": rule, "copies": copies, "key": _tell_key(key), "seen_absent_at": seen_absent_at}
    record(session, now, EntryKind.DOCUMENT_DISPOSED, {**of, **fields})


def _lock(session: Session, document: DocumentId) -> DocumentRow:
    """A document, as it is once its verification is locked."""
    of = session.scalars(select(DocumentRow.verification_id).where(DocumentRow.id == document)).one()
    lock_verification(session, of)
    return session.get_one(DocumentRow, document)


def _tell_key(key: VerificationKeyRow) -> str:
    if key.unreadable_at is not None:
        return KEY_DESTROYED
    return KEY_ENDS_LATER if key.shred_by is None else KEY_HELD
