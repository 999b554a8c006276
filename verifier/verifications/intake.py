"""The intake, as a verification sees it: closed too while the key of an ended one cannot be destroyed."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from verifier.retention import intake
from verifier.retention.intake import IntakeClosedError
from verifier.verifications.tables import VerificationKeyRow, VerificationRow


def find_readable_since(session: Session) -> datetime | None:
    """Since when the longest ended verification waits for the end of its key; `None` when none waits."""
    return session.scalar(
        select(func.min(VerificationRow.ended_at))
        .join(VerificationKeyRow, VerificationKeyRow.verification_id == VerificationRow.id)
        .where(VerificationKeyRow.shred_by.is_not(None), VerificationKeyRow.unreadable_at.is_(None))
    )


def verify_intake_open(session: Session, now: datetime, *, closes_after: timedelta) -> None:
    """Raise unless anything may be taken in.

    Raises:
        ClockBehindError, LogBehindError: as in the retention room.
        IntakeClosedError: bytes or a key have been overdue for longer than `closes_after`.
    """
    intake.verify_intake_open(session, now, closes_after=closes_after)
    readable_since = find_readable_since(session)
    if readable_since is not None and now - readable_since > closes_after:
        raise IntakeClosedError
