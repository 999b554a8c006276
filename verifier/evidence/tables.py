"""The rows of evidence. A row exists before its first byte and outlives its last. No file name is kept anywhere."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from verifier.db.base import Base, words
from verifier.db.leases import Leasable
from verifier.evidence.life import DocumentState
from verifier.ids import CopyId, DocumentId, VerificationId


class DocumentRow(Leasable, Base):
    """One uploaded file in one slot, from its announcement to its tombstone."""

    __tablename__ = "documents"

    id: Mapped[DocumentId] = mapped_column(String(40), primary_key=True)
    verification_id: Mapped[VerificationId] = mapped_column(ForeignKey("verifications.id"), index=True)
    document: Mapped[str] = mapped_column(String(64))
    slot: Mapped[str] = mapped_column(String(64))
    state: Mapped[DocumentState] = mapped_column(words(DocumentState))
    actor: Mapped[str] = mapped_column(String(40))
    media_type: Mapped[str] = mapped_column(String(40))
    reserved_bytes: Mapped[int]
    created_at: Mapped[datetime]
    writer_until: Mapped[datetime]
    sealed_at: Mapped[datetime | None]
    ready_at: Mapped[datetime | None]
    decodes: Mapped[int] = mapped_column(default=0)
    pages: Mapped[int | None]
    findings: Mapped[list[str]] = mapped_column(JSON, default=list)
    refusal: Mapped[str | None] = mapped_column(String(40))
    asked_again: Mapped[str | None] = mapped_column(String(64))
    disposed_at: Mapped[datetime | None]
    disposed_rule: Mapped[str | None] = mapped_column(String(40))


_to_check = DocumentRow.state == DocumentState.SEALED
Index("ix_documents_to_check", DocumentRow.sealed_at, sqlite_where=_to_check, postgresql_where=_to_check)
_held = DocumentRow.state != DocumentState.DISPOSED
Index("ix_documents_held", DocumentRow.created_at, DocumentRow.reserved_bytes, sqlite_where=_held,
      postgresql_where=_held)  # fmt: skip
_arriving = DocumentRow.state == DocumentState.RECEIVING
Index("ix_documents_arriving", DocumentRow.writer_until, sqlite_where=_arriving, postgresql_where=_arriving)


class CopyRow(Base):
    """One stored rendition of a document: the original, or one page image."""

    __tablename__ = "copies"

    id: Mapped[CopyId] = mapped_column(String(40), primary_key=True)
    document_id: Mapped[DocumentId] = mapped_column(ForeignKey("documents.id"), index=True)
    verification_id: Mapped[VerificationId] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(40))
    page: Mapped[int | None]
    ciphertext_digest: Mapped[str | None] = mapped_column(String(64))
    ciphertext_bytes: Mapped[int | None]
    stored_at: Mapped[datetime | None]
    seen_absent_at: Mapped[datetime | None]
    look_again_by: Mapped[datetime | None]
    """When it is looked for once more: a store may end late what it was sent before (`verifier.disposal.late`)."""


_again = CopyRow.look_again_by.is_not(None)
Index("ix_copies_look_again", CopyRow.look_again_by, sqlite_where=_again, postgresql_where=_again)
