"""The rows of contact checks. What identifies a customer is sealed to the verification, and dies with it.

Digests here are keyed: without the key, which is in no database, a stolen row says nothing about an address or a code.
What is sealed, and those digests, are deferred: only who asks for them reads them, and customers' tiers may not.
"""

from datetime import datetime

from sqlalchemy import JSON, Computed, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from policies.parts import CheckMethod, ContactKind
from verifier.contacts.life import CheckState, Result, SubmissionKind
from verifier.db.base import Base, words
from verifier.db.leases import Leasable
from verifier.ids import CheckId, NoticeId, SubmissionId, VerificationId


class ContactPointRow(Base):
    """An address that the desk has registered on the account: sealed, or only as the desk's digest of it.

    Where the desk gave a digest only, `sealed` is filled once the customer has typed what it stands for.
    """

    __tablename__ = "contact_points"

    verification_id: Mapped[VerificationId] = mapped_column(ForeignKey("verifications.id"), primary_key=True)
    contact: Mapped[ContactKind] = mapped_column(words(ContactKind), primary_key=True)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    digest: Mapped[str | None] = mapped_column(String(64), deferred=True)
    is_untold: Mapped[bool] = mapped_column(Computed("digest IS NOT NULL AND sealed IS NULL"))
    """Whether the customer has still to type it."""
    changed_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)


class ContactCheckRow(Base):
    """One check of one contact point by one method."""

    __tablename__ = "contact_checks"

    id: Mapped[CheckId] = mapped_column(String(40), primary_key=True)
    verification_id: Mapped[VerificationId] = mapped_column(ForeignKey("verifications.id"), index=True)
    contact: Mapped[ContactKind] = mapped_column(words(ContactKind))
    method: Mapped[CheckMethod] = mapped_column(words(CheckMethod))
    state: Mapped[CheckState] = mapped_column(words(CheckState))
    reasons: Mapped[list[str]] = mapped_column(JSON, default=list)
    grade: Mapped[str | None] = mapped_column(String(24))
    challenge: Mapped[str | None] = mapped_column(String(200))
    code_digest: Mapped[str | None] = mapped_column(String(64), deferred=True)
    code_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    code_expires_at: Mapped[datetime | None]
    notice_id: Mapped[NoticeId | None] = mapped_column(String(40))
    tries: Mapped[int] = mapped_column(default=0)
    sends: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


_is_open = ContactCheckRow.state == CheckState.OPEN
Index("uq_contact_checks_open", ContactCheckRow.verification_id, ContactCheckRow.contact, ContactCheckRow.method,
      unique=True, sqlite_where=_is_open, postgresql_where=_is_open)  # fmt: skip


class ContactSubmissionRow(Leasable, Base):
    """What the customer or the desk handed in, sealed, until the worker has judged it."""

    __tablename__ = "contact_submissions"

    id: Mapped[SubmissionId] = mapped_column(String(40), primary_key=True)
    verification_id: Mapped[VerificationId] = mapped_column(ForeignKey("verifications.id"), index=True)
    check_id: Mapped[CheckId | None] = mapped_column(String(40))
    contact: Mapped[ContactKind | None] = mapped_column(words(ContactKind))
    method: Mapped[CheckMethod | None] = mapped_column(words(CheckMethod))
    kind: Mapped[SubmissionKind] = mapped_column(words(SubmissionKind))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    sealed_bytes: Mapped[int | None] = mapped_column(Computed("length(sealed)"))
    source: Mapped[str] = mapped_column(String(40))
    result: Mapped[Result] = mapped_column(words(Result, length=24), default=Result.PENDING)
    created_at: Mapped[datetime]
    judged_at: Mapped[datetime | None]


_to_judge = ContactSubmissionRow.judged_at.is_(None)
Index("ix_contact_submissions_to_judge", ContactSubmissionRow.created_at, sqlite_where=_to_judge,
      postgresql_where=_to_judge)  # fmt: skip


class SeenOnceRow(Base):
    """A message or an attestation that was accepted: a second time it is a replay. A keyed digest, for a while."""

    __tablename__ = "seen_once"

    kind: Mapped[SubmissionKind] = mapped_column(words(SubmissionKind), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    seen_at: Mapped[datetime]
    forget_at: Mapped[datetime] = mapped_column(index=True)


class ExitRow(Base):
    """The exit for whoever did not ask: the digest of its token, and the token sealed for the notice with it."""

    __tablename__ = "exits"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    verification_id: Mapped[VerificationId] = mapped_column(ForeignKey("verifications.id"), unique=True)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    told_at: Mapped[datetime | None]
    told: Mapped[dict[str, NoticeId]] = mapped_column(JSON, default=dict)
    """The notice that told each channel of the link that is good now: with a new link, they are told anew."""
    used_at: Mapped[datetime | None]
