"""The agent's API: ask for a verification, read it, renew its link, cancel it, upload on the customer's behalf."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.access import Action
from policies.model import Policy
from policies.parts import ContactKind, ContactRequirement
from verifier.contacts.errors import ContactsNotAllowedError
from verifier.evidence.documents import verify_takes_documents
from verifier.ids import VerificationId
from verifier.locales import DEFAULT, N_, NO_HINT, parse_hint, translator
from verifier.staff.principal import Principal, may, verify_may
from verifier.verifications.handlers import note_handler
from verifier.verifications.life import VerificationState
from verifier.verifications.moves import get_verification, lock_standing
from verifier.verifications.reference import parse_reference
from verifier.verifications.service import NewVerification
from verifier.verifications.tables import Standing, VerificationRow
from verifier.web.contact_answers import ContactPointBody, GivenKind, parse_contact_points
from verifier.web.cursors import encode_cursor, parse_cursor
from verifier.web.describe import VerificationAnswer, describe, describe_with_link
from verifier.web.link_showing import note_link_shown
from verifier.web.once import RawBody, begin_call
from verifier.web.principals import AnyPrincipal, ApiPrincipal
from verifier.web.rooms import StaffRooms, StaffRoomsDep
from verifier.web.uploading import receive_document

router: Final = APIRouter(prefix="/v1", tags=["agent"])

PAGE_ROWS: Final = 50


class NewVerificationBody(BaseModel):
    """What an agent asks for. Private values are sealed on arrival and never given back."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reference: str = Field(min_length=1, max_length=200, description="the desk's own id of the case")
    policy: str = Field(max_length=64)
    account: str | None = Field(
        default=None,
        min_length=1,
        max_length=320,
        description="kept as a keyed digest only; where the policy has it attested, needs the scope contacts:write",
    )
    locale: str | None = Field(
        default=None,
        max_length=35,
        description="a hint, such as nl or pt-BR; without it the browser decides",
    )
    expected: dict[str, Annotated[str, Field(max_length=500)]] = Field(
        default_factory=dict, max_length=28, description="what the desk knows, by the policy's field names"
    )
    contact_points: dict[GivenKind, ContactPointBody] = Field(
        default_factory=dict, description="what is registered on the account; needs the scope contacts:write"
    )


class NoProofAnswer(BaseModel):
    """The policy asks for no proof: nothing was made, and the request is simply answered."""

    status: Literal["no_proof"]
    policy: str
    why: str
    reply: str = Field(description="what the agent does next")


class VerificationListAnswer(BaseModel):
    verifications: list[VerificationAnswer]
    next_cursor: str | None


class UploadAnswer(BaseModel):
    """A 201 means: the bytes are synced and the row is committed."""

    document: str
    state: str


@router.post("/verifications", status_code=201)
def create_verification(
    request: Request,
    response: Response,
    asked: NewVerificationBody,
    body: RawBody,
    principal: ApiPrincipal,
    rooms: StaffRoomsDep,
) -> VerificationAnswer | NoProofAnswer:
    """Ask for a verification. 201 when it is new; 200 when the same request already made it, or none is needed."""
    verify_may(principal, Action.VERIFICATION_CREATE)
    if asked.contact_points and not may(principal, Action.CONTACT_SET):
        raise ContactsNotAllowedError
    policy = rooms.verifications.get_current_policy(asked.policy)
    if asked.account is not None and _takes_attestations(policy) and not may(principal, Action.CONTACT_SET):
        raise ContactsNotAllowedError
    contacts = parse_contact_points(asked.contact_points, policy)
    if policy.no_proof is not None:
        parse_reference(asked.reference)
        response.status_code = 200
        return _tell_no_proof(policy, asked.locale)
    wanted = NewVerification(
        reference=asked.reference,
        policy=asked.policy,
        locale=parse_hint(asked.locale or NO_HINT),
        account=asked.account,
        expected=asked.expected,
    )
    call = begin_call(request, body, made=VerificationId, rooms=rooms, principal=principal)
    created = rooms.requests.create(wanted, actor=principal.actor, once=call, contacts=contacts)
    response.status_code = 201 if created.is_new else 200
    return _read(created.id, rooms=rooms, principal=principal)


def _takes_attestations(policy: Policy) -> bool:
    """Whether an attestation of the account is a proof: then the account is a contact point like any other."""
    items = (item for line in policy.ladder for item in line)
    return any(isinstance(item, ContactRequirement) and item.contact is ContactKind.ACCOUNT for item in items)


def _tell_no_proof(policy: Policy, locale: str | None) -> NoProofAnswer:
    language = parse_hint(locale or NO_HINT) or DEFAULT
    why = policy.no_proof.in_language(language) if policy.no_proof is not None else ""
    reply = translator(language)(N_("No proof is needed for this. Simply answer the request."))
    return NoProofAnswer(status="no_proof", policy=policy.name, why=why, reply=reply)


@router.get("/verifications")
def list_verifications(
    principal: AnyPrincipal,
    rooms: StaffRoomsDep,
    status: Annotated[VerificationState | None, Query()] = None,
    reference: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> VerificationListAnswer:
    """Verifications, newest first."""
    verify_may(principal, Action.VERIFICATION_LIST)
    with rooms.database.read() as session:
        rows = read_page(session, status=status, reference=reference, created_by=None, cursor=cursor)
        answers = [describe(session, row) for row in rows[:PAGE_ROWS]]
    return VerificationListAnswer(verifications=answers, next_cursor=find_next_cursor(rows))


def find_next_cursor(rows: Sequence[VerificationRow]) -> str | None:
    """Where the page after this one of `read_page` begins."""
    return encode_cursor("verifications", rows[-2].created_at, rows[-2].id) if len(rows) > PAGE_ROWS else None


def read_page(
    session: Session,
    *,
    status: VerificationState | None,
    reference: str | None,
    created_by: str | None,
    cursor: str | None,
) -> list[VerificationRow]:
    """One page of verifications and one row more, if there is one. Raises: InvalidCursorError"""
    query = select(VerificationRow).order_by(VerificationRow.created_at.desc(), VerificationRow.id.desc())
    if status is not None:
        query = query.where(VerificationRow.state == status)
    if reference is not None:
        query = query.where(VerificationRow.reference == reference)
    if created_by is not None:
        query = query.where(VerificationRow.created_by == created_by)
    if cursor is not None:
        at, last = parse_cursor("verifications", cursor)
        is_same_time = (VerificationRow.created_at == at) & (VerificationRow.id < last)
        query = query.where((VerificationRow.created_at < at) | is_same_time)
    return list(session.scalars(query.limit(PAGE_ROWS + 1)))


@router.get("/verifications/{verification}")
def read_verification(verification: str, principal: AnyPrincipal, rooms: StaffRoomsDep) -> VerificationAnswer:
    """One verification; for who may show it, with its link."""
    verify_may(principal, Action.VERIFICATION_READ)
    return _read(VerificationId(verification), rooms=rooms, principal=principal)


@router.post("/verifications/{verification}/links")
def renew_link(
    request: Request, verification: str, body: RawBody, principal: ApiPrincipal, rooms: StaffRoomsDep
) -> VerificationAnswer:
    """The next link; older ones and their sessions end, and contact checks have to be made again."""
    verify_may(principal, Action.LINK_RENEW)
    id_ = VerificationId(verification)
    call = begin_call(request, body, made=VerificationId, rooms=rooms, principal=principal)
    rooms.requests.renew_link(id_, actor=principal.actor, once=call)
    return _read(id_, rooms=rooms, principal=principal)


@router.post("/verifications/{verification}/cancel")
def cancel_verification(
    request: Request, verification: str, body: RawBody, principal: ApiPrincipal, rooms: StaffRoomsDep
) -> VerificationAnswer:
    """End a verification; everything that was sent is destroyed."""
    verify_may(principal, Action.VERIFICATION_CANCEL)
    id_ = VerificationId(verification)
    call = begin_call(request, body, made=VerificationId, rooms=rooms, principal=principal)
    rooms.verifications.cancel(id_, actor=principal.actor, once=call)
    return _read(id_, rooms=rooms, principal=principal)


@dataclass(frozen=True)
class _OnBehalf:
    """An agent who sends what the customer gave them: write-only, and logged as such."""

    verification: VerificationId
    actor: str

    def note_slot(self, slot: str) -> None:
        """The answer to a program names no field of a page."""

    def admit(self, session: Session, form_token: str) -> VerificationId:
        return self.verification

    def lock(self, session: Session, now: datetime) -> Standing:
        row = lock_standing(session, self.verification)
        verify_takes_documents(row, now)
        note_handler(session, row.id, actor=self.actor)
        return row


@router.post("/verifications/{verification}/documents", status_code=201)
async def upload_on_behalf(
    request: Request, verification: str, principal: ApiPrincipal, rooms: StaffRoomsDep
) -> UploadAnswer:
    """Upload a document that the customer gave the desk. Nobody at the desk can read it back here."""
    verify_may(principal, Action.DOCUMENT_UPLOAD_ON_BEHALF)
    sender = _OnBehalf(VerificationId(verification), principal.actor)
    document = await receive_document(request, sender, rooms=rooms)
    return UploadAnswer(document=document, state="sealed")


def _read(verification: VerificationId, *, rooms: StaffRooms, principal: Principal) -> VerificationAnswer:
    noted = note_link_shown(rooms, principal, verification)
    with rooms.database.read() as session:
        row = get_verification(session, verification)
        if noted is None:
            return describe(session, row)
        return describe_with_link(session, row, noted=noted, rooms=rooms)
