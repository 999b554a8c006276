"""The deletion receipt: one document's disposal, as a file that anyone can check offline.

Guarantees: a receipt says only what the log says; `complete` means that both the document's disposal and the end of
its verification's key are proved under one published checkpoint.

Leaves to others: observing that bytes and keys are gone, before it is recorded; checking a receipt offline
(`verifier.disposal.receipt_check`).
"""

import json
from dataclasses import dataclass

from sqlalchemy.orm import Session

from verifier.audit.catalogue import EntryKind
from verifier.audit.leaf import parse_leaf
from verifier.audit.proofs import find_published_head, get_log_proof
from verifier.audit.service import EntryFilter, WrittenEntry, find_first_entry
from verifier.disposal.errors import NotDisposedError
from verifier.disposal.receipt_check import (
    RECEIPT_FORMAT,
    ReceiptReport,
    Status,
    verify_receipt,
    verify_receipt_file,
)
from verifier.evidence.errors import UnknownDocumentError
from verifier.ids import DocumentId, VerificationId
from verifier.translog.encoding import encode_base64

__all__ = ["ProvedLeaf", "Receipt", "ReceiptReport", "get_receipt", "verify_receipt", "verify_receipt_file"]


@dataclass(frozen=True)
class ProvedLeaf:
    """A leaf and, once it is under a published checkpoint, its C2SP tlog-proof."""

    leaf: bytes
    proof: str | None

    def to_json(self) -> dict[str, object]:
        return {
            "statement": parse_leaf(self.leaf).to_json(),
            "leaf": encode_base64(self.leaf),
            "proof": self.proof,
        }


@dataclass(frozen=True)
class Receipt:
    """One document's deletion receipt; `key_end` is `None` until the end of its key is in the log."""

    document: DocumentId
    disposal: ProvedLeaf
    key_end: ProvedLeaf | None
    log_key: str

    @property
    def status(self) -> Status:
        """`complete` where both the disposal and the key's end are proved."""
        if self.disposal.proof is None or self.key_end is None or self.key_end.proof is None:
            return "pending"
        return "complete"

    def to_json(self) -> dict[str, object]:
        return {
            "format": RECEIPT_FORMAT,
            "status": self.status,
            "document": self.document,
            **self.disposal.to_json(),
            "key_end": self.key_end.to_json() if self.key_end is not None else None,
            "log_key": self.log_key,
        }

    def to_bytes(self) -> bytes:
        """The receipt's file."""
        return json.dumps(self.to_json(), indent=2).encode() + b"\n"


def get_receipt(session: Session, document: DocumentId, *, log_key: str) -> Receipt:
    """The receipt as far as the log has come; `log_key` is the log's verifier key.

    Raises `UnknownDocumentError` if the log never heard of the document, `NotDisposedError` while it is still there.
    """
    disposal = find_first_entry(session, EntryFilter(kind=EntryKind.DOCUMENT_DISPOSED, document=document))
    if disposal is None:
        if find_first_entry(session, EntryFilter(document=document)) is None:
            raise UnknownDocumentError
        raise NotDisposedError
    verification = parse_leaf(disposal.leaf).fields["verification"]
    assert isinstance(verification, str)
    key_end = find_first_entry(
        session, EntryFilter(kind=EntryKind.VERIFICATION_SHREDDED, verification=VerificationId(verification))
    )
    return Receipt(
        document=document,
        disposal=_prove(session, disposal),
        key_end=None if key_end is None else _prove(session, key_end),
        log_key=log_key,
    )


def _prove(session: Session, entry: WrittenEntry) -> ProvedLeaf:
    head = find_published_head(session)
    if head is None or entry.index is None or entry.index >= head.size:
        return ProvedLeaf(entry.leaf, None)
    return ProvedLeaf(entry.leaf, get_log_proof(session, entry.index).to_text())
