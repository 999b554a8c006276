"""The destroying of a verification's key: marked, deleted, looked for, and only then attested.

Guarantees: `unreadable_at` and the entry `verification.shredded` are written only after the key store was looked into
and showed nothing; a key store that answers "deleted" and keeps the record earns neither. From the commit of
`shredding_at` on, nothing may suspend the disposal any more. A key that a hold keeps is not taken up before its time;
what the hold does not keep leaves the rows meanwhile (`forget_unheld`).
"""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from policies.retention import DataClass
from verifier import faults
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.db.leases import Lease, rest_for, take_leases
from verifier.db.wakeups import Work, wake
from verifier.ids import VerificationId
from verifier.meters import get_meters
from verifier.retention.holds import end_holds, read_held
from verifier.retention.service import DUE_AT_ONCE, lease_no_more, make_rest_due
from verifier.telemetry import get_log
from verifier.vault.errors import StillPresentError, StoreUnavailableError
from verifier.vault.service import Vault
from verifier.verifications.life import RULE_OF_END
from verifier.verifications.moves import forget_sealed_values, lock_verification
from verifier.verifications.tables import VerificationKeyRow, VerificationRow

# Short, because a worker that dies here must not cost the five seconds of P3.
_LEASE_FOR: Final = timedelta(seconds=2)
_BATCH: Final = 8

Forget = Callable[[Session, datetime, VerificationId, Collection[DataClass]], None]
"""What rooms above this one let go of, except for the classes that are held: when a key ends, and when it is kept."""


class Shredder:
    """Shreds the keys of ended verifications."""

    def __init__(self, database: Database, *, clock: Clock, vault: Vault, forget: Forget) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._vault: Final = vault
        self._forget: Final = forget

    def shred_due(self) -> int:
        """Shred the next keys that are due; how many were taken up."""
        with self._database.write() as session:
            now = self._clock.now(session)
            leases = take_leases(
                session,
                VerificationKeyRow,
                key=VerificationKeyRow.verification_id,
                due=VerificationKeyRow.shred_by.is_not(None)
                & (VerificationKeyRow.shred_by <= now)
                & VerificationKeyRow.unreadable_at.is_(None),
                oldest_by=VerificationKeyRow.shred_by,
                now=now,
                lease_for=_LEASE_FOR,
                limit=_BATCH,
            )
        if len(leases) == 1:
            self._try_to_shred(leases[0])
        elif leases:
            # Beside each other, so that they share commits and wait for the store together: one after the other they
            # would wait for every writer of a busy desk three times each.
            with ThreadPoolExecutor(len(leases), thread_name_prefix="shred") as threads:
                list(threads.map(self._try_to_shred, leases))
        return len(leases)

    def _try_to_shred(self, lease: Lease) -> None:
        try:
            self._shred(lease)
        except (StillPresentError, StoreUnavailableError) as error:
            get_log().exception("shred.failed", verification=lease.id, code=error.code, attempts=lease.attempts)
            self._rest(lease)
        except Exception as error:  # noqa: BLE001 -- a fault of ours with one key must not keep the others
            get_log().critical("shred.broke", verification=lease.id, exc_info=error)
            self._rest(lease)

    def forget_unheld(self) -> int:
        """Where holds keep keys, take out of the rows what no hold keeps any more; of how many verifications."""
        unheld_by = VerificationKeyRow.forget_unheld_by
        with self._database.read() as session:
            now = self._clock.now(session)
            due = session.scalars(
                select(VerificationKeyRow.verification_id)
                .where(unheld_by.is_not(None), unheld_by <= now)
                .order_by(unheld_by)
                .limit(_BATCH)
            ).all()
        for verification in due:
            self._forget_unheld(verification)
        return len(due)

    def _forget_unheld(self, verification: VerificationId) -> None:
        with self._database.write() as session:
            lock_verification(session, verification)
            now = self._clock.now(session)
            end_holds(session, now, verification)
            held = read_held(session, now, verification)
            forget_sealed_values(session, verification, held=held)
            self._forget(session, now, verification, held)
            session.execute(
                update(VerificationKeyRow)
                .where(VerificationKeyRow.verification_id == verification)
                .values(forget_unheld_by=min(held.values(), default=None))
            )

    def _rest(self, lease: Lease) -> None:
        with self._database.write() as session:
            session.execute(
                update(VerificationKeyRow)
                .where(VerificationKeyRow.verification_id == lease.id, VerificationKeyRow.attempts == lease.attempts)
                .values(leased_until=self._clock.now(session) + rest_for(lease.attempts))
            )

    def _shred(self, lease: Lease) -> None:
        verification = VerificationId(lease.id)
        self._mark(verification)
        faults.hit("shred.marked")
        self._vault.shred(verification)
        faults.hit("shred.key_deleted")
        self._attest(verification)
        faults.hit("shred.committed")

    def _mark(self, verification: VerificationId) -> None:
        with self._database.write() as session:
            row = lock_verification(session, verification)
            now = self._clock.now(session)
            end_holds(session, now, verification)  # in the log before the end of the key
            make_rest_due(session, now, verification, rule=RULE_OF_END[row.state])
            session.execute(
                update(VerificationKeyRow)
                .where(VerificationKeyRow.verification_id == verification, VerificationKeyRow.shredding_at.is_(None))
                .values(shredding_at=now)
            )

    def _attest(self, verification: VerificationId) -> None:
        with self._database.write() as session:
            lock_verification(session, verification)
            now = self._clock.now(session)
            first = session.scalars(
                update(VerificationKeyRow)
                .where(VerificationKeyRow.verification_id == verification, VerificationKeyRow.unreadable_at.is_(None))
                .values(unreadable_at=now, forget_unheld_by=None)
                .returning(VerificationKeyRow.shred_by)
            ).all()
            if not first:
                return  # another worker attested it
            due_since = _find_due_since(session, verification, first[0])
            forget_sealed_values(session, verification)
            self._forget(session, now, verification, ())
            # Statements of documents whose bytes went first wait for this. Who works on one meanwhile loses nothing:
            # whoever comes second finds it done.
            lease_no_more(session, verification)
            wake(session, Work.DISPOSE)
            record(
                session,
                now,
                EntryKind.VERIFICATION_SHREDDED,
                {"verification": verification, "seen_absent_at": now},
            )
        if due_since is not None:
            get_meters().time_unreadable(now - due_since)


def _find_due_since(session: Session, verification: VerificationId, shred_by: datetime | None) -> datetime | None:
    """Since when the key had to go: since the end of its verification, or of the last hold on it."""
    if shred_by != DUE_AT_ONCE:
        return shred_by
    return session.scalar(select(VerificationRow.ended_at).where(VerificationRow.id == verification))
