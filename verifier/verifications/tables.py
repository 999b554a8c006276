"""The rows of verifications. Nothing here says who the customer is."""

from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from verifier.db.base import Base, literal_of, words
from verifier.db.leases import Leasable
from verifier.ids import VerificationId
from verifier.verifications.life import IN_REVIEW, LIVE, VerificationState


class PolicyVersionRow(Base):
    """The policies that verifications began with, by the digest of their canonical content."""

    __tablename__ = "policy_versions"

    version: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    canonical: Mapped[str] = mapped_column(Text)


class VerificationRow(Base):
    """One request to prove ownership, under one policy version."""

    __tablename__ = "verifications"

    id: Mapped[VerificationId] = mapped_column(String(40), primary_key=True)
    reference: Mapped[str | None] = mapped_column(String(64), index=True)
    policy: Mapped[str] = mapped_column(String(64))
    policy_version: Mapped[str] = mapped_column(ForeignKey("policy_versions.version"))
    account_digest: Mapped[str | None] = mapped_column(String(64))
    request_digest: Mapped[str | None] = mapped_column(String(64), deferred=True)
    locale: Mapped[str] = mapped_column(String(16))
    phrase: Mapped[str] = mapped_column(String(40))
    state: Mapped[VerificationState] = mapped_column(words(VerificationState))
    reasons: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_by: Mapped[str] = mapped_column(String(40), index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    generation: Mapped[int] = mapped_column(default=1)
    link_expires_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    answer_by: Mapped[datetime | None]
    undecided_by: Mapped[datetime]
    resubmissions: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None]
    forget_by: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]
    has_contact_points: Mapped[bool] = mapped_column(default=False)
    """Whether contact points were sealed to it: a law's minimum for them holds nothing where there are none."""


class Standing(Protocol):
    """Where a verification stands: what is read of its row where nothing of it is changed."""

    @property
    def id(self) -> VerificationId: ...
    @property
    def policy_version(self) -> str: ...
    @property
    def locale(self) -> str: ...
    @property
    def state(self) -> VerificationState: ...
    @property
    def generation(self) -> int: ...
    @property
    def link_expires_at(self) -> datetime: ...
    @property
    def undecided_by(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def forgotten_at(self) -> datetime | None: ...


IS_LIVE: Final = VerificationRow.state.in_(literal_of(sorted(LIVE)))
Index("uq_verifications_live", VerificationRow.reference, VerificationRow.policy, unique=True,
      sqlite_where=IS_LIVE, postgresql_where=IS_LIVE)  # fmt: skip
Index("ix_verifications_undecided", VerificationRow.undecided_by, sqlite_where=IS_LIVE, postgresql_where=IS_LIVE)
IS_IN_REVIEW: Final = VerificationRow.state.in_(literal_of(sorted(IN_REVIEW)))
Index("ix_verifications_queue", VerificationRow.answer_by, sqlite_where=IS_IN_REVIEW, postgresql_where=IS_IN_REVIEW)

_approved = VerificationRow.state == VerificationState.APPROVED
Index("ix_verifications_approved", VerificationRow.ended_at, sqlite_where=_approved, postgresql_where=_approved)

_to_forget = VerificationRow.forgotten_at.is_(None)
Index("ix_verifications_to_forget", VerificationRow.forget_by, sqlite_where=_to_forget, postgresql_where=_to_forget)


class LinkRow(Base):
    """Every link that was issued, by the digest of its token: a replaced one is known as such."""

    __tablename__ = "links"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    verification_id: Mapped[VerificationId] = mapped_column(ForeignKey("verifications.id"), index=True)
    generation: Mapped[int]


class HandlerRow(Base):
    """Somebody of the desk who held the link or sent documents: four eyes bar them from the review."""

    __tablename__ = "handlers"

    verification_id: Mapped[VerificationId] = mapped_column(ForeignKey("verifications.id"), primary_key=True)
    actor: Mapped[str] = mapped_column(String(40), primary_key=True)


class CustomerSessionRow(Base):
    """A browser that opened a link. It ends with the link's generation."""

    __tablename__ = "customer_sessions"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    verification_id: Mapped[VerificationId] = mapped_column(ForeignKey("verifications.id"), index=True)
    generation: Mapped[int]
    created_at: Mapped[datetime]


class VerificationKeyRow(Leasable, Base):
    """The public half of a verification's keys, and the end of the private half."""

    __tablename__ = "verification_keys"

    verification_id: Mapped[VerificationId] = mapped_column(ForeignKey("verifications.id"), primary_key=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    shred_by: Mapped[datetime | None]
    """Set when the verification ends: at once, or when the last hold on anything that is sealed to it is over."""
    forget_unheld_by: Mapped[datetime | None]
    """While holds keep the key: when the next of what they do not keep has to leave the rows; None: nothing is left."""
    shredding_at: Mapped[datetime | None]
    unreadable_at: Mapped[datetime | None]


_to_shred = VerificationKeyRow.shred_by.is_not(None) & VerificationKeyRow.unreadable_at.is_(None)
Index("ix_verification_keys_to_shred", VerificationKeyRow.shred_by, sqlite_where=_to_shred, postgresql_where=_to_shred)
_unended = VerificationKeyRow.shred_by.is_(None)
Index("ix_verification_keys_unended", VerificationKeyRow.verification_id,
      sqlite_where=_unended, postgresql_where=_unended)  # fmt: skip
_to_forget_unheld = VerificationKeyRow.forget_unheld_by.is_not(None)
Index("ix_verification_keys_to_forget_unheld", VerificationKeyRow.forget_unheld_by,
      sqlite_where=_to_forget_unheld, postgresql_where=_to_forget_unheld)  # fmt: skip


class SealedValueRow(Base):
    """A small private value (an expected value, a note), sealed to the verification; it dies with it."""

    __tablename__ = "sealed_values"

    verification_id: Mapped[VerificationId] = mapped_column(ForeignKey("verifications.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime]
