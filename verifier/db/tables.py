"""The row that says whose database this is."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from verifier.db.base import Base
from verifier.ids import InstallationId


class InstallationRow(Base):
    """One row: who we are, and the latest time that was seen."""

    __tablename__ = "installation"

    id: Mapped[InstallationId] = mapped_column(String(40), primary_key=True)
    created_at: Mapped[datetime]
    clock_high_at: Mapped[datetime]
    stores_marked_at: Mapped[datetime | None]
    log_key: Mapped[str | None] = mapped_column(String(400))
    """The log's public key, as whoever signs it published it here for those who show receipts."""
