"""Whether anything may be taken in now: we take nothing in that we cannot log or get rid of."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from verifier.audit.service import verify_log_keeps_up
from verifier.db.installation import verify_clock
from verifier.errors import VerifierError
from verifier.retention.service import find_overdue_since


class IntakeClosedError(VerifierError):
    """Disposal has failed for longer than its limit: nothing is taken in that we cannot get rid of."""

    code = "intake_closed"


def verify_intake_open(session: Session, now: datetime, *, closes_after: timedelta) -> None:
    """Raise unless documents may be taken in.

    Raises:
        ClockBehindError: the clock fell back.
        LogBehindError: entries wait too long for their place in the log.
        IntakeClosedError: something has been overdue for longer than `closes_after`.
    """
    verify_clock(session, now)
    verify_log_keeps_up(session, now)
    overdue_since = find_overdue_since(session, now)
    if overdue_since is not None and now - overdue_since > closes_after:
        raise IntakeClosedError
