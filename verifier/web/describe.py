"""How a verification is told to staff programs: one shape for creating, reading, listing and deciding."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.ask import Offers, Skip
from policies.model import Policy
from policies.parts import ContactRequirement, DetailsRequirement, DocumentRequirement, ProofLine
from verifier.evidence.tables import DocumentRow
from verifier.proofs.offers import read_offers
from verifier.proofs.service import read_documents
from verifier.verifications.life import VerificationState
from verifier.verifications.moves import get_policy
from verifier.verifications.tables import VerificationKeyRow, VerificationRow
from verifier.web.link_showing import Noted, get_link_url
from verifier.web.replies import write_reply
from verifier.web.rooms import StaffRooms

_TELLS_REASONS: Final = frozenset(
    {
        VerificationState.REQUESTED,
        VerificationState.REJECTED,
        VerificationState.WITHDRAWN,
        VerificationState.CANCELLED,
    }
)
"""A second look is blind: while one is due, nobody is told the reasons of the first."""


class LinkAnswer(BaseModel):
    """The customer's link; whoever has it can act as the customer."""

    url: str
    expires_at: datetime


class ProofAnswer(BaseModel):
    """One way to prove that the policy knows: all of it is needed, but for what is optional.

    `skipped`: why it is not accepted in this verification; null where it is.
    """

    slots: list[str]
    optional_slots: list[str]
    contact_checks: list[str]
    details: list[str]
    skipped: str | None


class DocumentAnswer(BaseModel):
    """One document, without anything that shows what is in it."""

    id: str
    document: str
    slot: str
    state: str
    pages: int | None
    refusal: str | None
    disposed_at: datetime | None


class VerificationAnswer(BaseModel):
    """A verification. `link`, `reply` and `phrase` are there where one is asked for, for who may show its link."""

    id: str
    status: str
    reference: str | None
    policy: str
    policy_version: str
    locale: str | None
    link: LinkAnswer | None
    reply: str | None
    phrase: str | None
    proofs: list[ProofAnswer]
    reasons: list[str]
    created_at: datetime
    opened_at: datetime | None
    submitted_at: datetime | None
    answer_by: datetime | None
    undecided_by: datetime
    ended_at: datetime | None
    unreadable_at: datetime | None
    destroyed_at: datetime | None
    documents: list[DocumentAnswer]


def describe_with_link(
    session: Session, row: VerificationRow, *, noted: Noted, rooms: StaffRooms
) -> VerificationAnswer:
    """Tell one verification and its link to whoever was noted as one who sees it."""
    url = get_link_url(noted, row, rooms=rooms)
    return describe(session, row).model_copy(
        update={
            "link": LinkAnswer(url=url, expires_at=row.link_expires_at),
            "reply": write_reply(row, url=url, desk=rooms.desk_name),
            "phrase": row.phrase,
        }
    )


def describe(session: Session, row: VerificationRow) -> VerificationAnswer:
    """Tell one verification, without its link."""
    policy = get_policy(session, row)
    documents = read_documents(session, row.id)
    return VerificationAnswer(
        id=row.id,
        status=row.state,
        reference=row.reference,
        policy=row.policy,
        policy_version=row.policy_version,
        locale=row.locale or None,
        link=None,
        reply=None,
        phrase=None,
        proofs=_describe_proofs(policy, read_offers(session, row)),
        reasons=row.reasons if row.state in _TELLS_REASONS else [],
        created_at=row.created_at,
        opened_at=row.opened_at,
        submitted_at=row.submitted_at,
        answer_by=row.answer_by,
        undecided_by=row.undecided_by,
        ended_at=row.ended_at,
        unreadable_at=session.scalar(
            select(VerificationKeyRow.unreadable_at).where(VerificationKeyRow.verification_id == row.id)
        ),
        destroyed_at=get_destroyed_at(row, documents),
        documents=[_describe_document(document) for document in documents],
    )


def get_destroyed_at(row: VerificationRow, documents: Sequence[DocumentRow]) -> datetime | None:
    """When the last document of an ended verification was seen gone; `None` while one is not, or none ever was."""
    if row.ended_at is None or not documents:
        return None
    seen = [document.disposed_at for document in documents]
    return None if None in seen else max(at for at in seen if at is not None)


def _describe_proofs(policy: Policy, offers: Offers) -> list[ProofAnswer]:
    skipped = dict(offers.skipped)
    return [_describe_proof(line, skipped=skipped.get(index)) for index, line in enumerate(policy.ladder)]


def _describe_proof(line: ProofLine, *, skipped: Skip | None) -> ProofAnswer:
    documents = [item for item in line if isinstance(item, DocumentRequirement)]
    return ProofAnswer(
        slots=[f"{item.document}.{slot}" for item in documents if not item.is_optional for slot in item.slots],
        optional_slots=[f"{item.document}.{slot}" for item in documents if item.is_optional for slot in item.slots],
        contact_checks=[f"{item.contact}.{item.by}" for item in line if isinstance(item, ContactRequirement)],
        details=[field for item in line if isinstance(item, DetailsRequirement) for field in item.fields],
        skipped=skipped,
    )


def _describe_document(document: DocumentRow) -> DocumentAnswer:
    return DocumentAnswer(
        id=document.id,
        document=document.document,
        slot=document.slot,
        state=document.state,
        pages=document.pages,
        refusal=document.refusal,
        disposed_at=document.disposed_at,
    )
