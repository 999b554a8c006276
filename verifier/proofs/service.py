"""What is asked, what is there, and the submission.

Guarantees: nothing is submitted, and nothing approved, without one whole line of the policy's ladder being ready.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.ask import Evidence, is_satisfied
from policies.model import Policy, Slot
from verifier.evidence.documents import end_document, verify_takes_documents
from verifier.evidence.life import OCCUPIES_SLOT, DocumentState
from verifier.evidence.tables import DocumentRow
from verifier.ids import DocumentId, VerificationId
from verifier.proofs.errors import NotEverythingSentError, StillCheckingError
from verifier.retention.service import Rule
from verifier.verifications.life import VerificationState
from verifier.verifications.moves import get_policy, move
from verifier.verifications.tables import VerificationRow

_UNDER_WAY = frozenset({DocumentState.RECEIVING, DocumentState.SEALED})


@dataclass(frozen=True)
class SlotStatus:
    """One place for a document, and what lies in it or lay in it last."""

    place: Slot
    current: DocumentRow | None
    last: DocumentRow | None
    """The latest document that ended here, while nothing else took its place."""


def read_documents(session: Session, verification: VerificationId) -> Sequence[DocumentRow]:
    """All documents of a verification, oldest first."""
    return session.scalars(
        select(DocumentRow)
        .where(DocumentRow.verification_id == verification)
        .order_by(DocumentRow.created_at, DocumentRow.id)
    ).all()


def get_slots(policy: Policy, documents: Sequence[DocumentRow]) -> Sequence[SlotStatus]:
    """Every slot of the policy with the document in it, in the policy's order."""
    newest: dict[tuple[str, str], DocumentRow] = {(d.document, d.slot): d for d in documents}
    holding: Mapping[tuple[str, str], DocumentRow] = {
        (d.document, d.slot): d for d in documents if d.state in OCCUPIES_SLOT
    }
    return [
        SlotStatus(
            place=place,
            current=holding.get((place.document, place.slot)),
            last=None if (place.document, place.slot) in holding else newest.get((place.document, place.slot)),
        )
        for place in policy.slots()
    ]


def is_under_way(document: DocumentRow) -> bool:
    """Whether a document is still arriving or being checked."""
    return document.state in _UNDER_WAY


def gather_evidence(documents: Sequence[DocumentRow]) -> Evidence:
    """What is ready: received whole, checked, its pages sealed."""
    return Evidence(slots=frozenset((d.document, d.slot) for d in documents if d.state is DocumentState.READY))


def verify_satisfied(policy: Policy, documents: Sequence[DocumentRow]) -> None:
    """Raise unless one whole line of the policy's ladder is ready.

    Raises:
        StillCheckingError: something is still under way.
        NotEverythingSentError
    """
    if any(is_under_way(document) for document in documents):
        raise StillCheckingError
    if not is_satisfied(policy, gather_evidence(documents)):
        raise NotEverythingSentError


def submit(session: Session, now: datetime, row: VerificationRow) -> None:
    """Hand a locked verification in for review, in the caller's transaction.

    Raises:
        AlreadyDecidedError, WrongStateError, TooLateError, StillCheckingError, NotEverythingSentError
    """
    verify_takes_documents(row, now)
    verify_satisfied(get_policy(session, row), read_documents(session, row.id))
    move(session, now, row, to=VerificationState.SUBMITTED, actor="customer")


def remove_document(session: Session, now: datetime, row: VerificationRow, document: DocumentId) -> None:
    """Take back one document of a locked verification that is not yet submitted.

    Raises:
        AlreadyDecidedError, WrongStateError, TooLateError, UnknownDocumentError
    """
    verify_takes_documents(row, now)
    end_document(session, now, row.id, document, rule=Rule.REMOVED)
