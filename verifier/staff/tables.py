"""Rows of the staff room.

Tokens and secrets are 256 random bits and stored only as SHA-256: a stolen database signs nobody in. Names of staff are
kept, because a log of who looked must be readable; nothing here concerns a customer.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from verifier.db.base import Base


class StaffRow(Base):
    """A person who works here. The name is unique, so that a second invite finds the same person again."""

    __tablename__ = "staff"

    id: Mapped[str] = mapped_column(String(30), primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    roles: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class InviteRow(Base):
    """A one-time sign-in address. A used row stays until the next sweep, so that a second use can be told apart."""

    __tablename__ = "staff_invites"

    token_digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class SessionRow(Base):
    """A browser that is signed in. Ends when idle, when it is `ends_at`, or by signing out."""

    __tablename__ = "staff_sessions"

    token_digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    idle_ends_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)


class ApiKeyRow(Base):
    """A program's key: one role, some scopes of it, an end."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(30), primary_key=True)
    label: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(20))
    scopes: Mapped[str] = mapped_column(String(400))
    secret_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
