"""The rows of the outbox, and of how often something was sent. Neither says to whom or what."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from verifier.db.base import Base, words
from verifier.db.leases import Leasable
from verifier.ids import NoticeId, VerificationId
from verifier.notices.kinds import Channel, Failure, NoticeKind


class NoticeRow(Leasable, Base):
    """One notice. `sealed` holds address and text, until it was sent or will not be."""

    __tablename__ = "notices"

    id: Mapped[NoticeId] = mapped_column(String(40), primary_key=True)
    verification_id: Mapped[VerificationId] = mapped_column(String(40), index=True)
    channel: Mapped[Channel] = mapped_column(words(Channel))
    kind: Mapped[NoticeKind] = mapped_column(words(NoticeKind, length=24))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    send_by: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    failure: Mapped[Failure | None] = mapped_column(words(Failure))


is_open = NoticeRow.sent_at.is_(None) & NoticeRow.failed_at.is_(None)
Index("ix_notices_due", NoticeRow.not_before, sqlite_where=is_open, postgresql_where=is_open)


class SendCountRow(Base):
    """How often something was sent in one window of time to, or for, one subject, by its keyed digest."""

    __tablename__ = "send_counts"

    subject_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    sends: Mapped[int]
    began_at: Mapped[datetime]
    planned_at: Mapped[datetime]
    forget_at: Mapped[datetime] = mapped_column(index=True)
