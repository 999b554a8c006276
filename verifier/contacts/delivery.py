"""What the end of a notice means to a contact check.

Guarantees: a code that surely reached nobody ends its check, so that the next proof is offered instead of a wait for
nothing; what waited until the other contact point was told goes on once that notice has an end. Leaves to others: the
sending, and what follows (`GoOn`).
"""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from verifier.contacts.ending import GoOn, end_check
from verifier.contacts.life import CheckState
from verifier.contacts.reasons import Reason
from verifier.contacts.tables import ContactCheckRow
from verifier.contacts.verdict import Outcome, Verdict
from verifier.ids import VerificationId
from verifier.notices.kinds import Failure, NoticeKind
from verifier.notices.service import ClosedNotice
from verifier.notices.standing import went_out
from verifier.verifications.life import is_terminal
from verifier.verifications.moves import get_verification, lock_verification
from verifier.verifications.tables import VerificationRow

_FOR_GOOD: Final = frozenset({Failure.REFUSED, Failure.NOT_OFFERED})
"""Asking once more would end in the same way. Whatever else may pass leaves the check open, and says so."""


class Delivery:
    """Follows the notices of contact checks to their end."""

    def __init__(self, *, go_on: GoOn) -> None:
        self._go_on: Final = go_on

    def lock(self, session: Session, verification: VerificationId) -> None:
        lock_verification(session, verification)

    def note(self, session: Session, now: datetime, closed: ClosedNotice) -> None:
        row = get_verification(session, closed.verification)
        if is_terminal(row.state) or now >= row.undecided_by:
            return
        if closed.kind is NoticeKind.OPENED_ELSEWHERE:
            self._go_on(session, now, row)
        elif closed.failure in _FOR_GOOD:
            self._end_undelivered(session, now, row, closed)

    def _end_undelivered(self, session: Session, now: datetime, row: VerificationRow, closed: ClosedNotice) -> None:
        """End the check whose code it was, unless an earlier sending of it arrived or a later one is on its way.

        What arrived for a check that lapsed is no sending of this one: its code is of no use any more.
        """
        check = session.scalars(
            select(ContactCheckRow).where(
                ContactCheckRow.verification_id == row.id,
                ContactCheckRow.notice_id == closed.id,
                ContactCheckRow.state == CheckState.OPEN,
            )
        ).one_or_none()
        if check is None or went_out(session, row.id, closed.kind, closed.channel, since=check.created_at):
            return
        end_check(session, now, check, Verdict(Outcome.FAILED, (Reason.NOT_DELIVERED,)))
        self._go_on(session, now, row)
