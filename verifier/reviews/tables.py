"""The rows of reviews: claims, what was fetched by whom, and decisions."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from verifier.db.base import Base
from verifier.ids import DocumentId, VerificationId


class ClaimRow(Base):
    """A reviewer's lease on a verification. It lapses by itself."""

    __tablename__ = "claims"

    verification_id: Mapped[VerificationId] = mapped_column(ForeignKey("verifications.id"), primary_key=True)
    actor: Mapped[str] = mapped_column(String(40), index=True)
    taken_at: Mapped[datetime]
    claimed_until: Mapped[datetime]


class PageViewRow(Base):
    """A page that was fetched by a reviewer; written before its first byte left."""

    __tablename__ = "page_views"

    document_id: Mapped[DocumentId] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True)
    actor: Mapped[str] = mapped_column(String(40), primary_key=True)
    viewed_at: Mapped[datetime]


class DecisionRow(Base):
    """One reviewer's decision. Its note, if any, is sealed beside the expected values."""

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    verification_id: Mapped[VerificationId] = mapped_column(ForeignKey("verifications.id"), index=True)
    actor: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[str] = mapped_column(String(16))
    reasons: Mapped[list[str]] = mapped_column(JSON)
    documents: Mapped[list[str]] = mapped_column(JSON)
    decided_at: Mapped[datetime]
    resulted_in: Mapped[str] = mapped_column(String(16))
