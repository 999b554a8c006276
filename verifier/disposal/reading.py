"""What is stored, what was destroyed, and what proves it: for auditors, agents and pages. Writes nothing.

Guarantees: "stored" is told from the open obligations, so a document whose absence nobody saw is always among them;
"destroyed" is told from the log alone, so nothing is called destroyed that the log does not attest. Leaves to others:
who may read, and noting that the log was read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.retention import DataClass, LegalHold
from verifier.audit.catalogue import EntryKind
from verifier.audit.forms import parse_time
from verifier.audit.service import EntryFilter, SequencedEntry, find_entries
from verifier.disposal.errors import DisposedBeforeRestoreError, NotDisposedError
from verifier.disposal.receipt import Receipt, get_receipt
from verifier.evidence.errors import UnknownDocumentError
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import CopyRow, DocumentRow
from verifier.ids import CopyId, DocumentId, VerificationId
from verifier.retention.holds import read_live_holds
from verifier.retention.reading import Duty, DutyCount, count_duties, read_duties
from verifier.retention.service import Rule
from verifier.verifications.moves import get_policy, get_verification
from verifier.verifications.tables import VerificationKeyRow, VerificationRow

ReceiptStatus = Literal["not_disposed", "pending", "complete", "before_restore"]
"""`before_restore`: it was given before a backup brought the document back, and there is no second one."""


@dataclass(frozen=True)
class StoredDocument:
    """One document that is stored. `slot` is `document.slot` of the policy; `copies` are those not yet seen absent.

    `reference` is `None` once it was forgotten. `is_overdue`: due for longer than disposal may take. `law`: by which a
    hold keeps it until `destroy_by`.
    """

    document: DocumentId
    verification: VerificationId
    reference: str | None
    policy: str
    slot: str
    state: DocumentState
    copies: tuple[str, ...]
    since: datetime
    destroy_by: datetime
    rule: Rule
    is_overdue: bool
    law: LegalHold | None = None


@dataclass(frozen=True)
class DisposedDocument:
    """One document that the log says was destroyed; `index` is the place of that entry.

    `key_destroyed_at` is `None` while the key lives on with its verification. `reference` is `None` once forgotten.
    """

    index: int
    document: DocumentId
    verification: VerificationId
    reference: str | None
    slot: str
    copies: int
    rule: str
    disposed_at: datetime
    seen_absent_at: datetime
    key_destroyed_at: datetime | None


@dataclass(frozen=True)
class DocumentReceipt:
    """How far the deletion receipt of one document has come."""

    document: DocumentId
    slot: str
    status: ReceiptStatus
    rule: str | None
    disposed_at: datetime | None


def read_stored(
    session: Session, now: datetime, *, after: tuple[datetime, str] | None, limit: int
) -> list[StoredDocument]:
    """At most `limit` stored documents, oldest deadline first; `after`: `destroy_by` and id of the one before."""
    duties = read_duties(session, now, after=after, limit=limit)
    documents = _find_documents(session, [duty.document for duty in duties])
    verifications = _find_verifications(session, [duty.verification for duty in duties])
    names = _find_copy_names(session, duties)
    laws = _find_laws(session, now, verifications)
    return [
        StoredDocument(
            document=duty.document,
            verification=duty.verification,
            reference=verifications[duty.verification].reference,
            policy=verifications[duty.verification].policy,
            slot=_slot_of(documents[duty.document]),
            state=documents[duty.document].state,
            copies=tuple(names[copy] for copy in duty.copies),
            since=documents[duty.document].created_at,
            destroy_by=duty.destroy_by,
            rule=duty.rule,
            is_overdue=duty.is_overdue,
            law=laws.get(duty.verification) if duty.destroy_by > now else None,
        )
        for duty in duties
    ]


def count_stored(session: Session, now: datetime) -> DutyCount:
    """How many documents are stored, and how many of them are overdue."""
    return count_duties(session, now)


def read_disposed(session: Session, *, before: int | None, limit: int) -> list[DisposedDocument]:
    """At most `limit` destroyed documents, the latest entry first; `before` is the `index` of the last one before.

    The log tells these: a caller that serves an auditor notes the reading (`EntryFilter` of `document.disposed`).
    """
    wanted = EntryFilter(kind=EntryKind.DOCUMENT_DISPOSED)
    entries = find_entries(session, wanted, before_index=before, limit=limit)
    documents = _find_documents(session, [DocumentId(_text(entry, "document")) for entry in entries])
    ids = [VerificationId(_text(entry, "verification")) for entry in entries]
    verifications = _find_verifications(session, ids)
    keys = session.scalars(select(VerificationKeyRow).where(VerificationKeyRow.verification_id.in_(ids)))
    ends = {key.verification_id: key.unreadable_at for key in keys}
    return [
        DisposedDocument(
            index=entry.index,
            document=DocumentId(_text(entry, "document")),
            verification=verification,
            reference=verifications[verification].reference,
            slot=_slot_of(documents[DocumentId(_text(entry, "document"))]),
            copies=_count(entry, "copies"),
            rule=_text(entry, "rule"),
            disposed_at=entry.statement.at,
            seen_absent_at=parse_time(_text(entry, "seen_absent_at"), name="seen_absent_at"),
            key_destroyed_at=ends[verification],
        )
        for entry, verification in zip(entries, ids, strict=True)
    ]


def find_document_receipt(session: Session, document: DocumentId, *, log_key: str) -> Receipt:
    """The deletion receipt as far as the log has come.

    Raises:
        UnknownDocumentError: there is no such document.
        NotDisposedError: it is still there, or was not yet seen absent.
        DisposedBeforeRestoreError: its receipt was given before a backup brought it back.
    """
    try:
        return get_receipt(session, document, log_key=log_key)
    except UnknownDocumentError:
        if session.get(DocumentRow, document) is None:
            raise
        raise NotDisposedError from None  # announced, and so far without an entry
    except NotDisposedError:
        row = session.get(DocumentRow, document)
        if row is not None and row.disposed_rule == Rule.RESTORED:
            raise DisposedBeforeRestoreError from None
        raise


def read_receipts(session: Session, verification: VerificationId, *, log_key: str) -> list[DocumentReceipt]:
    """Every document of a verification, in the order of arrival, with the state of its deletion receipt.

    Raises:
        UnknownVerificationError: there is no such verification.
        NotDisposedError: it has documents, and none of them is disposed of yet.
    """
    get_verification(session, verification)
    query = select(DocumentRow).where(DocumentRow.verification_id == verification)
    rows = session.scalars(query.order_by(DocumentRow.created_at, DocumentRow.id)).all()
    found = [
        DocumentReceipt(row.id, _slot_of(row), _read_status(session, row, log_key), row.disposed_rule, row.disposed_at)
        for row in rows
    ]
    if found and all(each.status == "not_disposed" for each in found):
        raise NotDisposedError
    return found


def _read_status(session: Session, row: DocumentRow, log_key: str) -> ReceiptStatus:
    try:
        return find_document_receipt(session, row.id, log_key=log_key).status
    except NotDisposedError:
        return "not_disposed"
    except DisposedBeforeRestoreError:
        return "before_restore"


def _find_documents(session: Session, ids: Sequence[DocumentId]) -> dict[DocumentId, DocumentRow]:
    return {row.id: row for row in session.scalars(select(DocumentRow).where(DocumentRow.id.in_(ids)))}


def _find_verifications(session: Session, ids: Sequence[VerificationId]) -> dict[VerificationId, VerificationRow]:
    return {row.id: row for row in session.scalars(select(VerificationRow).where(VerificationRow.id.in_(ids)))}


def _find_laws(
    session: Session, now: datetime, verifications: Mapping[VerificationId, VerificationRow]
) -> dict[VerificationId, LegalHold]:
    """By which law the documents of each are kept now; those of them that are not kept are due."""
    holds = read_live_holds(session, now, list(verifications))
    of_documents = [hold for hold in holds if hold.data == DataClass.DOCUMENTS]
    found = {
        hold.verification_id: get_policy(session, verifications[hold.verification_id]).retention.find_law(hold.reason)
        for hold in of_documents
    }
    return {verification: law for verification, law in found.items() if law is not None}


def _find_copy_names(session: Session, duties: Sequence[Duty]) -> dict[CopyId, str]:
    # By document: a page of long PDFs has more copies than one statement takes values.
    documents = [duty.document for duty in duties]
    return {row.id: row.name for row in session.scalars(select(CopyRow).where(CopyRow.document_id.in_(documents)))}


def _slot_of(row: DocumentRow) -> str:
    return f"{row.document}.{row.slot}"


def _text(entry: SequencedEntry, name: str) -> str:
    value = entry.statement.fields[name]
    assert isinstance(value, str)  # the catalogue has it so
    return value


def _count(entry: SequencedEntry, name: str) -> int:
    value = entry.statement.fields[name]
    assert isinstance(value, list | tuple)
    return len(value)
