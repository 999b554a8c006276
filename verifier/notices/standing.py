"""How the notices of one verification stand: for whoever must not go on before somebody was told.

Reads only. A notice is known for a week after its end, and the telling of somebody for as long as its
verification lives (`outbox.forget_notices`).
"""

from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from verifier.ids import NoticeId, VerificationId
from verifier.notices.kinds import Channel, Failure, NoticeKind
from verifier.notices.tables import NoticeRow, is_open

_has_gone: Final = NoticeRow.sent_at.is_not(None) | (NoticeRow.failure == Failure.UNANSWERED)


def is_waiting(session: Session, verification: VerificationId, kind: NoticeKind) -> bool:
    """Whether one of this kind has neither gone out nor finally failed."""
    of = (NoticeRow.verification_id == verification, NoticeRow.kind == kind)
    return session.scalar(select(NoticeRow.id).where(*of, is_open).limit(1)) is not None


def find_last_try(session: Session, verification: VerificationId, kind: NoticeKind) -> datetime | None:
    """Until when one of this kind that waits is tried at the longest; `None` where none waits."""
    of = (NoticeRow.verification_id == verification, NoticeRow.kind == kind)
    return session.scalar(select(func.max(NoticeRow.send_by)).where(*of, is_open))


def went_out(
    session: Session, verification: VerificationId, kind: NoticeKind, channel: Channel, *, since: datetime
) -> bool:
    """Whether one of those queued since then was accepted on this way, or may have been: a gateway that does not
    answer may have sent it.
    """
    of = (NoticeRow.verification_id == verification, NoticeRow.kind == kind, NoticeRow.channel == channel)
    found = select(NoticeRow.id).where(*of, NoticeRow.created_at >= since, _has_gone)
    return session.scalar(found.limit(1)) is not None


def has_gone_out(session: Session, notice: NoticeId) -> bool:
    """The same of one notice."""
    return session.scalar(select(NoticeRow.id).where(NoticeRow.id == notice, _has_gone)) is not None
