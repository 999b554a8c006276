"""The rows of retention: one obligation a copy, and the holds that put obligations off."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from verifier.db.base import Base
from verifier.db.leases import Leasable
from verifier.ids import CopyId, DocumentId, HoldId, VerificationId


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
    is_evidence: Mapped[bool] = mapped_column(default=False)
    """Whether its document was checked and can be decided on: only such a document is what a law's minimum means."""


class HoldRow(Base):
    """What keeps one class of an ended verification from being disposed of, until `ends_at`.

    `data`: a class of `policies.retention`. `reason`: the law's code in the policy version of the verification.
    `lifted_at`: since when it holds nothing any more; what it held is due from `ends_at` on, whoever looks when.
    """

    __tablename__ = "holds"

    id: Mapped[HoldId] = mapped_column(String(40), primary_key=True)
    verification_id: Mapped[VerificationId] = mapped_column(String(40), index=True)
    data: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(64))
    placed_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None] = mapped_column(default=None)


# Only open obligations are indexed by date: finding what is due costs the same with a million disposed documents.
Index("ix_obligations_due", ObligationRow.destroy_by, sqlite_where=ObligationRow.closed_at.is_(None),
      postgresql_where=ObligationRow.closed_at.is_(None))  # fmt: skip
