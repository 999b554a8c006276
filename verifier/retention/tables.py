"""The rows of retention: one obligation a copy."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from verifier.db.base import Base
from verifier.db.leases import Leasable
from verifier.ids import CopyId, DocumentId, VerificationId


class ObligationRow(Leasable, Base):
    """The dated duty to dispose of one copy; open until its absence was seen."""

    __tablename__ = "obligations"

    copy_id: Mapped[CopyId] = mapped_column(String(40), primary_key=True)
    document_id: Mapped[DocumentId] = mapped_column(String(40), index=True)
    verification_id: Mapped[VerificationId] = mapped_column(String(40), index=True)
    rule: Mapped[str] = mapped_column(String(40))
    destroy_by: Mapped[datetime]
    due_since: Mapped[datetime]
    """When it became, or becomes, due: `destroy_by`, or the moment that brought it forward to "at once"."""
    closed_at: Mapped[datetime | None] = mapped_column(default=None)


# Only open obligations are indexed by date: finding what is due costs the same with a million disposed documents.
Index("ix_obligations_due", ObligationRow.destroy_by, sqlite_where=ObligationRow.closed_at.is_(None),
      postgresql_where=ObligationRow.closed_at.is_(None))  # fmt: skip
