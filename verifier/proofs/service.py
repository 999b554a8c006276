"""What is asked, what is there, and the submission.

Guarantees: nothing is submitted, and nothing approved, without one whole line of the policy's ladder being ready.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.ask import Evidence, decides_alone, find_satisfied_line, is_contact_only, is_satisfied
from policies.model import Policy, Slot
from policies.parts import ContactKind
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.contacts.codes import CHANNEL_OF
from verifier.contacts.hearing import find_unheard
from verifier.contacts.reading import read_confirmed, read_to_see
from verifier.contacts.registered import read_recent
from verifier.contacts.submissions import note_handed_in
from verifier.contacts.telling import is_telling
from verifier.evidence.documents import end_document, get_document_of, verify_takes_documents
from verifier.evidence.life import OCCUPIES_SLOT, DocumentState
from verifier.evidence.tables import DocumentRow
from verifier.ids import DocumentId, VerificationId
from verifier.proofs.details import forget_caption, read_given, verify_captioned
from verifier.proofs.errors import NotEverythingSentError, StillCheckingError
from verifier.proofs.offers import Means, plan_offers
from verifier.retention.service import Rule
from verifier.verifications.life import VerificationState
from verifier.verifications.moves import get_policy, move
from verifier.verifications.tables import VerificationRow

_UNDER_WAY = frozenset({DocumentState.RECEIVING, DocumentState.SEALED})

WORKER: Final = "worker"

NOTHING_BESIDES: Final = Evidence()
"""More evidence never satisfies less, so leaving it out is the strict way."""


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


def read_besides(session: Session, row: VerificationRow) -> Evidence:
    """What is there beside documents: checks that were confirmed, which contact points changed recently, details."""
    return Evidence(
        contacts=read_confirmed(session, row.id),
        to_see=read_to_see(session, row.id),
        recent=read_recent(session, row, get_policy(session, row)),
        details=read_given(session, row.id).details,
    )


def gather_evidence(documents: Sequence[DocumentRow], besides: Evidence = NOTHING_BESIDES) -> Evidence:
    """What is ready: received whole, checked, its pages sealed; and what is there besides."""
    ready = frozenset((d.document, d.slot) for d in documents if d.state is DocumentState.READY)
    return replace(besides, slots=ready)


def verify_satisfied(policy: Policy, documents: Sequence[DocumentRow], besides: Evidence = NOTHING_BESIDES) -> None:
    """Raise unless one whole line of the policy's ladder is ready.

    Raises:
        StillCheckingError: something is still under way.
        NotEverythingSentError
    """
    if any(is_under_way(document) for document in documents):
        raise StillCheckingError
    if not is_satisfied(policy, gather_evidence(documents, besides)):
        raise NotEverythingSentError


def submit(session: Session, now: datetime, row: VerificationRow) -> None:
    """Hand a locked verification in for review, in the caller's transaction.

    Raises:
        AlreadyDecidedError, WrongStateError, TooLateError, StillCheckingError, NotEverythingSentError,
        CaptionMissingError
    """
    verify_takes_documents(row, now)
    policy, documents = get_policy(session, row), read_documents(session, row.id)
    verify_satisfied(policy, documents, read_besides(session, row))
    verify_captioned(policy, documents, read_given(session, row.id))
    note_handed_in(session, now, row.id)
    move(session, now, row, to=VerificationState.SUBMITTED, actor="customer")


def carry_on(session: Session, now: datetime, row: VerificationRow, *, means: Means) -> None:
    """Plan what is offered anew, and approve or submit what needs nothing more, once the other contact point is told.

    Where it could not be told, or changed recently itself, a person decides instead.

    Called by the worker, with the verification locked: in the transaction that ended a contact check, and in the one
    that closed the last notice to another contact point.
    """
    plan_offers(session, now, row, means=means)
    if row.state is not VerificationState.REQUESTED:
        return
    if is_telling(session, row.id):
        return  # it goes on when that has an end: the key goes with a verification, and the notice with the key
    policy, documents = get_policy(session, row), read_documents(session, row.id)
    evidence = gather_evidence(documents, read_besides(session, row))
    alone = decides_alone(policy, evidence)
    unheard = _find_unheard(session, row, policy, evidence) if alone else frozenset()
    if alone and not unheard:
        move(session, now, row, to=VerificationState.APPROVED, actor=WORKER)
        return
    line = find_satisfied_line(policy, evidence)
    if line is None or not is_contact_only(policy.ladder[line]) or any(map(is_under_way, documents)):
        return  # the customer says themselves when the rest is whole
    if unheard:
        channels = sorted(CHANNEL_OF[contact] for contact in unheard)
        record(session, now, EntryKind.OTHER_NOT_TOLD, {"verification": row.id, "channels": channels})
    move(session, now, row, to=VerificationState.SUBMITTED, actor=WORKER)


def _find_unheard(session: Session, row: VerificationRow, policy: Policy, evidence: Evidence) -> frozenset[ContactKind]:
    if not policy.contacts.tell_other:
        return frozenset()
    used = frozenset(contact for contact, _ in evidence.contacts)
    return find_unheard(session, row.id, used=used, recent=evidence.recent)


def remove_document(session: Session, now: datetime, row: VerificationRow, document: DocumentId) -> None:
    """Take back one document of a locked verification that is not yet submitted.

    Raises:
        AlreadyDecidedError, WrongStateError, TooLateError, UnknownDocumentError
    """
    verify_takes_documents(row, now)
    end_document(session, now, row.id, document, rule=Rule.REMOVED)
    forget_caption(session, get_document_of(session, row.id, document))
