"""What turns up after it was seen absent: looked for once more, told, and deleted again.

A store may end late what it was sent before: an attempt whose answer was lost, or a put whose writer has gone. A tier
that may only put cannot take that back (docs/decisions/0020), so what an upload may have sent is looked for once more a
minute after it was seen absent: then nobody sends it any longer.

Guarantees: bytes under a disposed id are a `copy.late` and an alarm before they are deleted; no second deletion receipt
follows. Safe twice at once, and after a death. Leaves to others: whatever turns up later still (`Sweep.compare`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from sqlalchemy import select, update

from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import CopyRow, DocumentRow
from verifier.ids import CopyId, VerificationId
from verifier.telemetry import get_log
from verifier.vault.errors import StillPresentError
from verifier.vault.objects import ObjectKey
from verifier.vault.service import Vault

_BATCH: Final = 32
_TRIES_AGAIN_AFTER: Final = timedelta(seconds=30)


class SecondLook:
    """Looks once more for what is due for it."""

    def __init__(self, database: Database, *, clock: Clock, vault: Vault) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._vault: Final = vault

    def look(self) -> int:
        """For how many copies was looked. Raises `StoreUnavailableError`: then it is tried again."""
        taken = self._take()
        for copy, key in taken.items():
            if not self._vault.objects.is_absent(key):
                with telling_what_stays("objects", key.verification):  # from here on it is the comparison's
                    remove_late_copy(self._database, self._clock, self._vault, key, copy)
            with self._database.write() as session:
                session.execute(update(CopyRow).where(CopyRow.id == copy).values(look_again_by=None))
        return len(taken)

    def _take(self) -> dict[CopyId, ObjectKey]:
        """The next ones, put off for whoever else looks, and for ourselves should we die."""
        with self._database.write() as session:
            now = self._clock.now(session)
            is_due = CopyRow.look_again_by <= now
            due = select(CopyRow.id).where(is_due).order_by(CopyRow.look_again_by).limit(_BATCH)
            chosen = due.with_for_update(skip_locked=True).cte("chosen")
            taken = session.execute(
                update(CopyRow)
                .where(CopyRow.id.in_(select(chosen.c.id)), is_due)
                .values(look_again_by=now + _TRIES_AGAIN_AFTER)
                .returning(CopyRow.id, CopyRow.verification_id, CopyRow.document_id, CopyRow.name)
                .execution_options(synchronize_session=False)
            ).all()
        return {copy: ObjectKey(self._vault.installation, of, document, name) for copy, of, document, name in taken}


@contextmanager
def telling_what_stays(store: str, verification: VerificationId) -> Iterator[None]:
    """What a store keeps that answered "deleted" is told of, and keeps nothing else from being deleted."""
    try:
        yield
    except StillPresentError:
        get_log().exception("store.keeps", store=store, verification=verification)


def remove_late_copy(database: Database, clock: Clock, vault: Vault, key: ObjectKey, copy: CopyId) -> None:
    """Bytes turned up under a disposed id: say so, and delete them again.

    Raises `StillPresentError`, `StoreUnavailableError`.
    """
    get_log().error("copy.late", document=key.document, copy=copy)
    of = {"verification": key.verification, "document": key.document}
    with database.write() as session:
        now = clock.now(session)
        record(session, now, EntryKind.COPY_LATE, {**of, "copy": copy})
        record(session, now, EntryKind.ALARM_RAISED, {"alarm": "copy_late", "store": "objects"})
    vault.delete_copy(key)
    with database.write() as session:
        now = clock.now(session)
        if session.get_one(DocumentRow, key.document).state is DocumentState.DISPOSED:
            record(session, now, EntryKind.DOCUMENT_DISPOSED_AGAIN, {**of, "seen_absent_at": now})
