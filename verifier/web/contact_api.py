"""The desk's doors to contact checks: how they stand, and what the desk hands in for its customer.

Guarantees: nothing is judged here; what is handed in is sealed and answered with 202, and the worker says how it ended.
The same call under the same `Idempotency-Key` hands in nothing more: it is told what became of the first.
Whoever hands something in for the customer had a hand in the verification, where four eyes are asked for.
"""

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from policies.access import Action
from policies.parts import CheckMethod, ContactKind
from verifier import faults
from verifier.contacts.errors import SubmissionTooLargeError
from verifier.contacts.reading import find_submission, read_statuses
from verifier.contacts.submissions import MOST_MESSAGE_BYTES, Door
from verifier.ids import SubmissionId, VerificationId
from verifier.staff.principal import Principal, verify_may
from verifier.verifications.handlers import note_handler
from verifier.verifications.moves import get_verification, lock_verification
from verifier.web.contact_answers import ChecksAnswer, SubmissionAnswer, tell_checks, tell_pending, tell_submission
from verifier.web.once import RawBody, begin_call
from verifier.web.principals import AnyPrincipal, ApiPrincipal
from verifier.web.rooms import StaffRooms, StaffRoomsDep

router: Final = APIRouter(prefix="/v1/verifications/{verification}/contact-checks", tags=["agent"])


class BeginBody(BaseModel):
    """Which check to begin, or whose code to send again."""

    model_config = ConfigDict(extra="forbid")

    contact: ContactKind
    method: CheckMethod


class CodeBody(BaseModel):
    """A code that the customer read out."""

    model_config = ConfigDict(extra="forbid")

    contact: ContactKind
    code: str = Field(max_length=40, repr=False)


class AttestationBody(BaseModel):
    """What the desk's own logged-in area signed, as a compact JWS."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=16_000, repr=False)


@router.get("")
def list_checks(verification: str, principal: AnyPrincipal, rooms: StaffRoomsDep) -> ChecksAnswer:
    """How every contact check of a verification stands."""
    verify_may(principal, Action.CONTACT_CHECK_READ)
    with rooms.database.read() as session:
        row = get_verification(session, VerificationId(verification))
        return tell_checks(read_statuses(session, row.id))


@router.get("/submissions/{submission}")
def read_submission(
    verification: str, submission: str, principal: AnyPrincipal, rooms: StaffRoomsDep
) -> SubmissionAnswer:
    """What became of something that was handed in."""
    verify_may(principal, Action.CONTACT_CHECK_READ)
    with rooms.database.read() as session:
        return tell_submission(find_submission(session, VerificationId(verification), SubmissionId(submission)))


@router.post("", status_code=202)
def begin_check(
    request: Request, verification: str, asked: BeginBody, body: RawBody, principal: ApiPrincipal, rooms: StaffRoomsDep
) -> SubmissionAnswer:
    """Begin a check for the customer, or send its code once more: while they are on the phone, for example."""
    verify_may(principal, Action.CONTACT_CHECK_SUBMIT)
    # A whole desk asks with one key: to count it as one household would leave its customers without codes.
    return _hand_in(
        request,
        body,
        verification,
        lambda door: door.begin(asked.contact, asked.method, network="", locale=""),
        rooms=rooms,
        principal=principal,
    )


@router.post("/code", status_code=202)
def enter_code(
    request: Request, verification: str, given: CodeBody, body: RawBody, principal: ApiPrincipal, rooms: StaffRoomsDep
) -> SubmissionAnswer:
    """Enter the code that the customer reads out on the phone."""
    verify_may(principal, Action.CONTACT_CHECK_SUBMIT)
    return _hand_in(
        request,
        body,
        verification,
        lambda door: door.guess_for(given.contact, given.code),
        rooms=rooms,
        principal=principal,
    )


@router.post("/attestation", status_code=202)
def hand_in_attestation(
    request: Request,
    verification: str,
    given: AttestationBody,
    body: RawBody,
    principal: ApiPrincipal,
    rooms: StaffRoomsDep,
) -> SubmissionAnswer:
    """Hand in a signed attestation for the nonce of the open check."""
    verify_may(principal, Action.CONTACT_CHECK_SUBMIT)
    return _hand_in(
        request,
        body,
        verification,
        lambda door: door.hand_in_attestation(given.token),
        rooms=rooms,
        principal=principal,
    )


@router.post(
    "/message",
    status_code=202,
    openapi_extra={"requestBody": {"required": True, "content": {"message/rfc822": {"schema": {"type": "string"}}}}},
)
async def hand_in_message(
    request: Request, verification: str, principal: ApiPrincipal, rooms: StaffRoomsDep
) -> SubmissionAnswer:
    """Hand in the message itself, raw as the desk received it (RFC 5322)."""
    verify_may(principal, Action.CONTACT_CHECK_SUBMIT)
    raw = await _read_limited(request)
    return await run_in_threadpool(
        _hand_in,
        request,
        raw,
        verification,
        lambda door: door.hand_in_message(raw),
        rooms=rooms,
        principal=principal,
    )


async def _read_limited(request: Request) -> bytes:
    """The body, counted as it arrives: 40 MB are refused at the first byte too many."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MOST_MESSAGE_BYTES:
            raise SubmissionTooLargeError({"limit_bytes": MOST_MESSAGE_BYTES})
    return bytes(raw)


def _hand_in(
    request: Request,
    body: bytes,
    verification: str,
    hand_in: Callable[[Door], SubmissionId],
    *,
    rooms: StaffRooms,
    principal: Principal,
) -> SubmissionAnswer:
    once = begin_call(request, body, made=SubmissionId, rooms=rooms, principal=principal)
    with rooms.database.write() as session:
        row = lock_verification(session, VerificationId(verification))
        now = rooms.clock.now(session)
        # Only behind the lock: of two at once, the second finds what the first has kept.
        standing = once.find(session, now)
        if standing is not None:
            return tell_submission(find_submission(session, row.id, standing))
        submission = hand_in(Door(session, now, rooms.vault, row, source=principal.actor))
        once.keep(session, now, submission)
        note_handler(session, row.id, actor=principal.actor)
    faults.hit("submission.stored")
    return tell_pending(submission)
