"""The destroying of a verification's key: marked, deleted, looked for, and only then attested.

Guarantees: `unreadable_at` and the entry `verification.shredded` are written only after the key store was looked into
and showed nothing; a key store that answers "deleted" and keeps the record earns neither. From the commit of
`shredding_at` on, nothing may suspend the disposal any more.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from verifier import faults
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.db.leases import Lease, rest_for, take_leases
from verifier.ids import VerificationId
from verifier.telemetry import get_log
from verifier.vault.errors import StillPresentError, StoreUnavailableError
from verifier.vault.service import Vault
from verifier.verifications.moves import forget_sealed_values
from verifier.verifications.tables import VerificationKeyRow

# Short, because a worker that dies here must not cost the five seconds of P3.
_LEASE_FOR: Final = timedelta(seconds=2)
_BATCH: Final = 8

Forget = Callable[[Session, datetime, VerificationId], None]
"""What rooms above this one let go of, in the transaction that attests the end of a key."""


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
            leases = take_leases(
                session,
                VerificationKeyRow,
                key=VerificationKeyRow.verification_id,
                due=VerificationKeyRow.shred_by.is_not(None) & VerificationKeyRow.unreadable_at.is_(None),
                oldest_by=VerificationKeyRow.shred_by,
                now=self._clock.now(session),
                lease_for=_LEASE_FOR,
                limit=_BATCH,
            )
        for lease in leases:
            try:
                self._shred(lease)
            except (StillPresentError, StoreUnavailableError) as error:
                get_log().exception("shred.failed", verification=lease.id, code=error.code, attempts=lease.attempts)
                self._rest(lease)
            except Exception as error:  # noqa: BLE001 -- a fault of ours with one key must not keep the others
                get_log().critical("shred.broke", verification=lease.id, exc_info=error)
                self._rest(lease)
        return len(leases)

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
            session.execute(
                update(VerificationKeyRow)
                .where(VerificationKeyRow.verification_id == verification, VerificationKeyRow.shredding_at.is_(None))
                .values(shredding_at=self._clock.now(session))
            )

    def _attest(self, verification: VerificationId) -> None:
        with self._database.write() as session:
            now = self._clock.now(session)
            first = session.execute(
                update(VerificationKeyRow)
                .where(VerificationKeyRow.verification_id == verification, VerificationKeyRow.unreadable_at.is_(None))
                .values(unreadable_at=now)
                .returning(VerificationKeyRow.verification_id)
            ).all()
            if not first:
                return  # another worker attested it
            forget_sealed_values(session, verification)
            self._forget(session, now, verification)
            record(
                session,
                now,
                EntryKind.VERIFICATION_SHREDDED,
                {"verification": verification, "seen_absent_at": now},
            )
