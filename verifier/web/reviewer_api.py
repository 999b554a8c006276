"""The reviewer's API: the queue, claims, pages, decisions."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from policies.access import Action
from verifier.db.engine import Database
from verifier.evidence.life import DocumentState
from verifier.ids import DocumentId, VerificationId
from verifier.proofs.service import read_documents
from verifier.reviews import claims
from verifier.reviews.comparing import Comparison, compare_details
from verifier.reviews.decisions import Decision, Outcome
from verifier.reviews.views import Viewer
from verifier.staff.principal import Principal, verify_may
from verifier.verifications.moves import get_policy, get_verification
from verifier.web.once import RawBody, begin_call
from verifier.web.principals import AnyPrincipal, ApiPrincipal
from verifier.web.rooms import StaffRoomsDep

router: Final = APIRouter(prefix="/v1", tags=["reviewer"])


class QueueRow(BaseModel):
    id: str
    reference: str | None
    policy: str
    status: str
    submitted_at: datetime | None
    answer_by: datetime | None
    late: bool
    claimed_by_me: bool
    claimed_until: datetime | None


class QueueAnswer(BaseModel):
    waiting: list[QueueRow]


class ClaimAnswer(BaseModel):
    id: str
    claimed_until: datetime


class PagesAnswer(BaseModel):
    """One document to look at; its pages are at `/v1/documents/{id}/pages/{n}`, from 1."""

    id: str
    document: str
    slot: str
    pages: int
    caption: str | None = Field(default=None, description="what the customer says that it shows")


class DetailAnswer(BaseModel):
    """What the customer typed, beside what the desk expects."""

    field: str
    given: str | None
    expected: str | None
    comparison: Comparison


class EvidenceAnswer(BaseModel):
    documents: list[PagesAnswer]
    expected: dict[str, str]
    details: list[DetailAnswer]


class DecisionBody(BaseModel):
    """What the reviewer decided. Reasons are codes of the policy; the note is for staff, and sealed."""

    model_config = ConfigDict(extra="forbid")

    outcome: Outcome
    reasons: list[Annotated[str, Field(max_length=64)]] = Field(default_factory=list, max_length=12)
    documents: list[Annotated[str, Field(max_length=40)]] = Field(default_factory=list, max_length=40)
    details: list[Annotated[str, Field(max_length=40)]] = Field(
        default_factory=list, max_length=16, description="fields to be given again, for resubmit"
    )
    note: str | None = Field(default=None, max_length=2000)


class DecisionAnswer(BaseModel):
    id: str
    status: str


@router.get("/queue")
def read_queue(principal: AnyPrincipal, rooms: StaffRoomsDep) -> QueueAnswer:
    """What waits for a reviewer, the most urgent first; at most 200 rows."""
    verify_may(principal, Action.QUEUE_READ)
    with rooms.database.read() as session:
        now = rooms.clock.now(session)
        waiting = claims.read_queue(session, now)
    return QueueAnswer(waiting=[_tell_row(entry, now=now, actor=principal.actor) for entry in waiting])


def _tell_row(entry: claims.Waiting, *, now: datetime, actor: str) -> QueueRow:
    row = entry.verification
    return QueueRow(
        id=row.id,
        reference=row.reference,
        policy=row.policy,
        status=row.state,
        submitted_at=row.submitted_at,
        answer_by=row.answer_by,
        late=row.answer_by is not None and row.answer_by < now,
        claimed_by_me=entry.claimed_by == actor,
        claimed_until=entry.claimed_until,
    )


@router.post("/verifications/{verification}/claim")
def claim(verification: str, principal: ApiPrincipal, rooms: StaffRoomsDep) -> ClaimAnswer:
    """Take or renew the claim. Repeating it renews it, so it needs no Idempotency-Key."""
    verify_may(principal, Action.CLAIM_TAKE)
    with rooms.database.write() as session:
        now = rooms.clock.now(session)
        held = claims.claim(session, now, VerificationId(verification), actor=principal.actor)
        until = held.claimed_until
    return ClaimAnswer(id=verification, claimed_until=until)


@router.post("/verifications/{verification}/release", status_code=204)
def release(verification: str, principal: ApiPrincipal, rooms: StaffRoomsDep) -> None:
    """Give the claim back."""
    verify_may(principal, Action.CLAIM_RELEASE)
    with rooms.database.write() as session:
        now = rooms.clock.now(session)
        claims.release(session, now, VerificationId(verification), actor=principal.actor)


@router.get("/verifications/{verification}/documents")
def list_documents(verification: str, principal: AnyPrincipal, rooms: StaffRoomsDep) -> EvidenceAnswer:
    """What there is to look at, and what the desk knows. Only for the holder of the live claim; logged."""
    verify_may(principal, Action.DOCUMENT_LIST)
    id_ = VerificationId(verification)
    expected = rooms.views.view_expected(id_, viewer=viewer_of(principal))
    typed = rooms.views.view_details(id_, viewer=viewer_of(principal))
    with rooms.database.read() as session:
        policy = get_policy(session, get_verification(session, id_))
    details = [
        DetailAnswer(field=each.code, given=each.given, expected=each.expected, comparison=each.comparison)
        for each in compare_details(policy, typed.details, expected)
    ]
    documents = list_ready(rooms.database, id_)
    for each in documents:
        each.caption = typed.captions.get(f"{each.document}.{each.slot}")
    return EvidenceAnswer(documents=documents, expected=expected, details=details)


def list_ready(database: Database, verification: VerificationId) -> list[PagesAnswer]:
    """The documents of a verification whose pages can be looked at."""
    with database.read() as session:
        documents = read_documents(session, get_verification(session, verification).id)
    return [
        PagesAnswer(id=each.id, document=each.document, slot=each.slot, pages=each.pages or 0)
        for each in documents
        if each.state is DocumentState.READY
    ]


@router.get("/documents/{document}/pages/{page}", response_class=Response)
def view_page(document: str, page: int, principal: AnyPrincipal, rooms: StaffRoomsDep) -> Response:
    """One page, watermarked; logged before its first byte leaves."""
    verify_may(principal, Action.PAGE_VIEW)
    jpeg = rooms.views.view_page(DocumentId(document), page, viewer=viewer_of(principal))
    return Response(jpeg, media_type="image/jpeg")


@router.post("/verifications/{verification}/decision")
def decide(
    request: Request,
    verification: str,
    decision: DecisionBody,
    body: RawBody,
    principal: ApiPrincipal,
    rooms: StaffRoomsDep,
) -> DecisionAnswer:
    """Decide. The claim ends with it."""
    verify_may(principal, Action.DECISION_MAKE)
    id_ = VerificationId(verification)
    call = begin_call(request, body, made=VerificationId, rooms=rooms, principal=principal)
    wanted = Decision(
        outcome=decision.outcome,
        reasons=decision.reasons,
        documents=[DocumentId(document) for document in decision.documents],
        details=decision.details,
        note=decision.note,
    )
    status = rooms.decisions.decide(id_, wanted, actor=principal.actor, once=call)
    return DecisionAnswer(id=id_, status=status)


def viewer_of(principal: Principal) -> Viewer:
    return Viewer(actor=principal.actor, name=principal.display_name)
