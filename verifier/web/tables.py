"""Rows of the web itself: which Idempotency-Key made what. Never an answer, and no body: a keyed digest of it."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from verifier.db.base import Base


class IdempotencyRow(Base):
    """One key of one program, for 24 hours. The key itself may say something, so only its digest is kept."""

    __tablename__ = "idempotency_keys"

    api_key: Mapped[str] = mapped_column(String(30), primary_key=True)
    key_digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    body_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    resource_id: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime]
    forget_at: Mapped[datetime] = mapped_column(index=True)
