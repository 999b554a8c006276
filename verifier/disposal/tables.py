"""The rows of the sweep: what lies in a store and no row knows."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from verifier.db.base import Base


class OrphanRow(Base):
    """An orphan, since it was first seen: by our own clock, because a store's dates may be anything."""

    __tablename__ = "orphans"

    store: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    first_seen_at: Mapped[datetime]
