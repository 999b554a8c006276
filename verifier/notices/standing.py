"""How the notices of one verification stand: for whoever must not go on before somebody was told.

Reads only. A notice is known for a week after its end, and the telling of somebody for as long as its
verification lives (`outbox.forget_notices`).
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from verifier.ids import VerificationId
from verifier.notices.kinds import Channel, Failure, NoticeKind
from verifier.notices.tables import NoticeRow, is_open


def is_waiting(session: Session, verification: VerificationId, kind: NoticeKind) -> bool:
    """Whether one of this kind has neither gone out nor finally failed."""
    of = (NoticeRow.verification_id == verification, NoticeRow.kind == kind)
    return session.scalar(select(NoticeRow.id).where(*of, is_open).limit(1)) is not None


def find_last_try(session: Session, verification: VerificationId, kind: NoticeKind) -> datetime | None:
    """Until when one of this kind that waits is tried at the longest; `None` where none waits."""
    of = (NoticeRow.verification_id == verification, NoticeRow.kind == kind)
    return session.scalar(select(func.max(NoticeRow.send_by)).where(*of, is_open))


def was_queued(session: Session, verification: VerificationId, kind: NoticeKind, channel: Channel) -> bool:
    """Whether one was queued on this way, however it ended."""
    of = (NoticeRow.verification_id == verification, NoticeRow.kind == kind, NoticeRow.channel == channel)
    return session.scalar(select(NoticeRow.id).where(*of).limit(1)) is not None


def went_out(session: Session, verification: VerificationId, kind: NoticeKind, channel: Channel) -> bool:
    """Whether one was accepted on this way, or may have been: a gateway that does not answer may have sent it."""
    of = (NoticeRow.verification_id == verification, NoticeRow.kind == kind, NoticeRow.channel == channel)
    gone = NoticeRow.sent_at.is_not(None) | (NoticeRow.failure == Failure.UNANSWERED)
    return session.scalar(select(NoticeRow.id).where(*of, gone).limit(1)) is not None
