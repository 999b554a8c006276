"""Ends verifications that stayed undecided past their latest end, and finishes ends that were left half done.

Called by the sweep. Guarantees: what cannot be ended keeps nothing else from ending, however much of it there is.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import select

from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.ids import VerificationId
from verifier.telemetry import get_log
from verifier.verifications.errors import AlreadyDecidedError
from verifier.verifications.life import VerificationState
from verifier.verifications.moves import finish_end, lock_verification, move
from verifier.verifications.tables import IS_LIVE, VerificationKeyRow, VerificationRow

_BATCH: Final = 100


class _Due(NamedTuple):
    """Where the order of what is due stands."""

    by: datetime
    verification: VerificationId


class Expiry:
    """Expires verifications."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database: Final = database
        self._clock: Final = clock

    def expire_due(self) -> int:
        """End the next verifications that stayed undecided past their latest end; how many were ended."""
        last = None
        while due := self._list_due(after=last):
            ended = sum(self._expire(each.verification) for each in due)
            if ended:
                return ended
            last = due[-1]  # none of these could be ended: what comes after them must not wait for that
        return 0

    def finish_ends(self) -> int:
        """Make due what belongs to ended verifications and was left without a date by whoever ended them; of how many.

        Our own code does both in one transaction; who took the customers' tier over need not.
        """
        last = ""
        while left := self._list_unfinished(after=last):
            finished = sum(self._finish(verification) for verification in left)
            if finished:
                return finished
            last = left[-1]
        return 0

    def _list_unfinished(self, *, after: str) -> Sequence[VerificationId]:
        of = VerificationKeyRow.verification_id
        unfinished = (
            select(of)
            .join(VerificationRow, VerificationRow.id == of)
            .where(VerificationKeyRow.shred_by.is_(None), VerificationRow.ended_at.is_not(None), of > after)
        )
        with self._database.read() as session:
            return session.scalars(unfinished.order_by(of).limit(_BATCH)).all()

    def _list_due(self, *, after: _Due | None) -> Sequence[_Due]:
        with self._database.read() as session:
            by, of = VerificationRow.undecided_by, VerificationRow.id
            due = select(by, of).where(IS_LIVE, by <= self._clock.now(session))
            if after is not None:
                due = due.where((by > after.by) | ((by == after.by) & (of > after.verification)))
            return [_Due(*row) for row in session.execute(due.order_by(by, of).limit(_BATCH))]

    def _expire(self, verification: VerificationId) -> bool:
        # Each in a transaction of its own: one that cannot be ended must not keep the others.
        try:
            with self._database.write() as session:
                row = lock_verification(session, verification)
                now = self._clock.now(session)
                if row.undecided_by > now:  # put off since it was looked for
                    return False
                move(session, now, row, to=VerificationState.EXPIRED, actor="worker")
        except AlreadyDecidedError:
            return False
        except Exception as error:  # noqa: BLE001 -- a fault of ours with one verification must not keep the others
            get_log().critical("expiry.broke", verification=verification, exc_info=error)
            return False
        return True

    def _finish(self, verification: VerificationId) -> bool:
        try:
            with self._database.write() as session:
                return finish_end(session, self._clock.now(session), verification)
        except Exception as error:  # noqa: BLE001 -- as above
            get_log().critical("expiry.broke", verification=verification, exc_info=error)
            return False
