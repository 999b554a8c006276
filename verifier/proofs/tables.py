"""Which proofs a verification offers, and which one its customer took up. Indexes of the policy's ladder, no more."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from verifier.db.base import Base
from verifier.ids import VerificationId


class OfferRow(Base):
    """What is accepted in this verification now, the least intrusive first, and why the rest is not.

    A verification without a row is of a time before there were contact checks: every line is accepted.
    """

    __tablename__ = "offers"

    verification_id: Mapped[VerificationId] = mapped_column(ForeignKey("verifications.id"), primary_key=True)
    lines: Mapped[list[int]] = mapped_column(JSON)
    skipped: Mapped[list[list[int | str]]] = mapped_column(JSON)
    chosen: Mapped[int | None]
    planned_at: Mapped[datetime]
