"""Ends verifications that stayed undecided past their latest end. Called by the sweep."""

from typing import Final

from sqlalchemy import select

from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.ids import VerificationId
from verifier.telemetry import get_log
from verifier.verifications.errors import AlreadyDecidedError
from verifier.verifications.life import LIVE, VerificationState
from verifier.verifications.moves import lock_verification, move
from verifier.verifications.tables import VerificationRow


class Expiry:
    """Expires verifications."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database: Final = database
        self._clock: Final = clock

    def expire_due(self) -> int:
        """End every verification that stayed undecided past its latest end; how many were ended."""
        with self._database.read() as session:
            now = self._clock.now(session)
            due = session.scalars(
                select(VerificationRow.id)
                .where(VerificationRow.state.in_(sorted(LIVE)), VerificationRow.undecided_by <= now)
                .order_by(VerificationRow.undecided_by)
                .limit(100)
            ).all()
        return sum(self._expire(verification) for verification in due)

    def _expire(self, verification: VerificationId) -> bool:
        # Each in a transaction of its own: one that cannot be ended must not keep the others.
        try:
            with self._database.write() as session:
                row = lock_verification(session, verification)
                move(session, self._clock.now(session), row, to=VerificationState.EXPIRED, actor="worker")
        except AlreadyDecidedError:
            return False
        except Exception as error:  # noqa: BLE001 -- a fault of ours with one verification must not keep the others
            get_log().critical("expiry.broke", verification=verification, exc_info=error)
            return False
        return True
