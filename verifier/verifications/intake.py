"""Whether anything may be taken in now: we take nothing in that we cannot log or get rid of."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import Session

from verifier.audit.errors import LogBehindError
from verifier.audit.service import OLDEST_UNPUBLISHED, OLDEST_WAITING, verify_recent
from verifier.db.installation import CLOCK_HIGH, ClockBehindError, verify_not_below
from verifier.db.prepared import Question
from verifier.errors import VerifierError
from verifier.retention.service import DUE_AT_ONCE, OVERDUE_SINCE
from verifier.verifications.tables import VerificationKeyRow, VerificationRow


class IntakeClosedError(VerifierError):
    """Disposal has failed for longer than its limit: nothing is taken in that we cannot get rid of."""

    code = "intake_closed"


INTAKE_REFUSALS: Final = (ClockBehindError, LogBehindError, IntakeClosedError)
"""What `verify_intake_open` raises, in the order in which it looks."""

KEY_DUE_SINCE: Final = case(
    (VerificationKeyRow.shred_by == DUE_AT_ONCE, VerificationRow.ended_at), else_=VerificationKeyRow.shred_by
)
"""Since when a key is due, of a row that is joined with its verification's."""
READABLE_SINCE: Final = (
    select(func.min(KEY_DUE_SINCE))
    .join(VerificationKeyRow, VerificationKeyRow.verification_id == VerificationRow.id)
    .where(
        VerificationKeyRow.shred_by.is_not(None),
        VerificationKeyRow.shred_by <= bindparam("now"),
        VerificationKeyRow.unreadable_at.is_(None),
    )
    .scalar_subquery()
)
"""Since when the key is due that waits longest for its end. A key that a hold keeps is not due."""

_DUE: Final = Question(select(OVERDUE_SINCE, READABLE_SINCE))
# Every upload asks all of it: one question, built once.
_STATE: Final = Question(select(CLOCK_HIGH, OLDEST_WAITING, OLDEST_UNPUBLISHED, OVERDUE_SINCE, READABLE_SINCE))


def verify_intake_open(session: Session, now: datetime, *, closes_after: timedelta) -> None:
    """Raise unless anything may be taken in.

    Raises:
        ClockBehindError: the clock fell back.
        LogBehindError: entries wait too long for their place in the log.
        IntakeClosedError: bytes or a key have been overdue for longer than `closes_after`.
    """
    ((clock_high, waiting, unpublished, overdue_since, readable_since),) = _STATE.ask(session, {"now": now})
    verify_not_below(now, high=clock_high)
    verify_recent(now, waiting, unpublished)
    for since in (overdue_since, readable_since):
        if since is not None and now - since > closes_after:
            raise IntakeClosedError


def find_due_since(session: Session, now: datetime) -> datetime | None:
    """Since when something waits to be destroyed, bytes or a key; `None` where nothing does."""
    ((overdue_since, readable_since),) = _DUE.ask(session, {"now": now})
    return min((since for since in (overdue_since, readable_since) if since is not None), default=None)
