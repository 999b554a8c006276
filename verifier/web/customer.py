"""The customer's pages, each of which answers programs with JSON too.

`GET /v/{token}` changes nothing, however often mail scanners fetch it; a person's POST opens a session on this
browser. Every form carries its session's token. Nothing here says whether a link ever existed beyond its own answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from verifier import faults
from verifier.contacts.submissions import note_opened
from verifier.disposal.reading import find_document_receipt
from verifier.errors import VerifierError
from verifier.evidence.documents import get_document_of, verify_takes_documents
from verifier.ids import DocumentId, VerificationId
from verifier.proofs.service import remove_document, submit
from verifier.verifications import links
from verifier.verifications.life import is_terminal
from verifier.verifications.moves import withdraw as end_by_customer
from verifier.verifications.tables import Standing, VerificationRow
from verifier.web.csrf import verify_form_token, verify_same_site
from verifier.web.customer_answers import tell_landing, tell_link_problem, tell_page
from verifier.web.customer_session import (
    FORM_KEY,
    FormToken,
    Visit,
    change,
    cookie_name,
    look,
    look_again,
    read_customer,
    session_token,
    token_for_forms,
    verify_form,
)
from verifier.web.customer_views import CustomerReading
from verifier.web.pages.common import slot_anchor
from verifier.web.pages.customer import LandingPage, WithdrawPage, WithdrawReason
from verifier.web.problems import prefers_html
from verifier.web.receipt_views import answer_receipt_file, tell_receipt
from verifier.web.refused import show_refused
from verifier.web.rooms import Rooms, RoomsDep
from verifier.web.speaking import show_page, speak
from verifier.web.step_views import is_decided_alone, name_asked
from verifier.web.uploading import receive_document

router: Final = APIRouter(tags=["customer"])


@router.get("/v/{token}")
def land(request: Request, token: str, rooms: RoomsDep) -> Response:
    """The landing page of a link. Changes nothing."""
    try:
        with rooms.database.read() as session:
            now = rooms.clock.now(session)
            row = links.get_linked(session, now, token)
            rooms.throttle.count_link(row.id)
            reading = read_customer(request, session, now, row, rooms=rooms)
            if is_terminal(row.state):
                return _show_ended(request, row, token, reading, rooms=rooms)
            page = LandingPage(
                shell=reading.shell,
                case=reading.case(),
                open_url=f"/v/{token}",
                form_token=token_for_forms(token),
                expires_at=row.link_expires_at,
                asks=name_asked(reading),
                is_decided_alone=is_decided_alone(reading),
                reviewers=reading.policy.review.lines,
                is_handed_in=not reading.is_asked,
            )
            return tell_landing(request, page)
    except VerifierError as error:
        return tell_link_problem(request, error, token=token, rooms=rooms)


def _show_ended(
    request: Request, row: VerificationRow, token: str, reading: CustomerReading, *, rooms: Rooms
) -> Response:
    """Read-only, through the link itself: the cookie holds what the address holds, and nothing is stored."""
    response = tell_page(request, reading, verification=row.id, form_token="")
    _set_cookie(response, row.id, token, rooms=rooms)
    return response


@router.post("/v/{token}")
def open_link(
    request: Request,
    token: str,
    rooms: RoomsDep,
    form_token: FormToken = "",
    then: Annotated[str, Form(max_length=20)] = "task",
) -> Response:
    """Open the link on this browser."""
    verify_same_site(request, method=request.method, public_url=rooms.public_url)
    verify_form_token(form_token, key=FORM_KEY, session=token)
    try:
        opened = _open(token, rooms=rooms)
    except VerifierError as error:
        return tell_link_problem(request, error, token=token, rooms=rooms)
    tail = "/withdraw?reason=not_me" if then == "not_me" else ""
    response = RedirectResponse(f"/verification/{opened.verification}{tail}", status_code=303)
    _set_cookie(response, opened.verification, opened.token, rooms=rooms)
    return response


def _open(token: str, *, rooms: Rooms) -> links.CustomerSession:
    with rooms.database.read() as session:
        row = links.get_linked(session, rooms.clock.now(session), token)
    rooms.throttle.count_link(row.id)
    if is_terminal(row.state):
        return links.CustomerSession(verification=row.id, token=token)  # read-only: nothing is stored
    with rooms.database.write() as session:
        now = rooms.clock.now(session)
        opened = links.open_link(session, now, token)
        note_opened(session, now, opened.verification)
        return opened


def _set_cookie(response: Response, verification: str, token: str, *, rooms: Rooms) -> None:
    response.set_cookie(
        cookie_name(verification, rooms=rooms),
        token,
        max_age=90 * 24 * 3600,
        path="/",
        secure=rooms.is_https,
        httponly=True,
        samesite="lax",
    )


@router.get("/verification/{verification}")
def show(request: Request, verification: str, rooms: RoomsDep) -> Response:
    """What is asked now, or how far it is."""
    with look(request, verification, rooms=rooms) as visit:
        return _tell(visit)


def _tell(visit: Visit) -> Response:
    return tell_page(visit.request, visit.read(), verification=visit.row.id, form_token=visit.form_token)


def change_by_form(
    request: Request,
    verification: str,
    given: str,
    make: Callable[[Session, datetime, VerificationRow], None],
    *,
    rooms: Rooms,
    field_name: str = "submit",
    go_on: Sequence[str] = ("",),
) -> Response:
    """Change a verification by one of its forms, then show it; a refusal keeps the page, with the error on it.

    `go_on`: the last of it is the page to show, below the verification; the change may add to it.
    """
    token = verify_form(request, verification, given, rooms=rooms)
    try:
        with change(request, verification, token=token, rooms=rooms) as visit:
            make(visit.session, visit.now, visit.row)
    except VerifierError as error:
        return show_refused(request, verification, error, field_name=field_name, rooms=rooms)
    return show_changed(request, verification, rooms=rooms, below=go_on[-1])


def show_changed(request: Request, verification: str, *, rooms: Rooms, below: str = "") -> Response:
    """What follows a change: to a person, the page `below` the verification; to a program, how it stands now."""
    if prefers_html(request):
        return RedirectResponse(f"/verification/{verification}{below}", status_code=303)
    with look_again(request, verification, rooms=rooms) as visit:  # or what was done could be answered as refused
        return _tell(visit)


@dataclass
class _Customer:
    """The customer as a sender of documents."""

    request: Request
    verification: str
    rooms: Rooms
    actor: str = "customer"
    slot: str | None = field(default=None)
    pass_: links.Pass | None = field(default=None)

    def note_slot(self, slot: str) -> None:
        self.slot = slot

    def admit(self, session: Session, given: str) -> VerificationId:
        token = session_token(self.request, self.verification, rooms=self.rooms)
        verify_form_token(given, key=FORM_KEY, session=token)
        self.pass_ = links.get_pass(session, VerificationId(self.verification), token)
        self.rooms.throttle.count_link(self.pass_.verification)
        return self.pass_.verification

    def lock(self, session: Session, now: datetime) -> Standing:
        assert self.pass_ is not None
        row = links.lock_passed(session, now, self.pass_)
        speak(self.request, hint=row.locale)  # what is refused from here on is refused in the customer's language
        verify_takes_documents(row, now)
        return row


@router.post("/verification/{verification}/documents")
async def upload(request: Request, verification: str, rooms: RoomsDep) -> Response:
    """One document into one slot, as a stream."""
    verify_same_site(request, method=request.method, public_url=rooms.public_url)
    sender = _Customer(request, verification, rooms)
    try:
        document = await receive_document(request, sender, rooms=rooms)
    except VerifierError as error:
        anchor = slot_anchor(sender.slot) if sender.slot else "submit"
        return await run_in_threadpool(show_refused, request, verification, error, field_name=anchor, rooms=rooms)
    if prefers_html(request):
        slot = sender.slot or ""
        return RedirectResponse(
            f"/verification/{verification}{page_of_slot(slot)}#{slot_anchor(slot)}", status_code=303
        )
    return JSONResponse({"document": document, "slot": sender.slot, "state": "checking"}, 201)


def page_of_slot(slot: str) -> str:
    """Where a slot is shown, below its verification; where its document is the whole way, that leads on to the way."""
    return f"/documents?document={slot.partition('.')[0]}"


@router.post("/verification/{verification}/documents/{document}/remove")
def remove(request: Request, verification: str, document: str, rooms: RoomsDep, form_token: FormToken = "") -> Response:
    """Take one document back; its bytes go at once."""
    tails = [""]

    def take_back(session: Session, now: datetime, row: VerificationRow) -> None:
        found = get_document_of(session, row.id, DocumentId(document))
        remove_document(session, now, row, found.id)
        tails.append(page_of_slot(found.document))

    return change_by_form(request, verification, form_token, take_back, rooms=rooms, go_on=tails)


@router.post("/verification/{verification}/submit")
def hand_in(request: Request, verification: str, rooms: RoomsDep, form_token: FormToken = "") -> Response:
    """Hand everything in for review."""
    response = change_by_form(request, verification, form_token, submit, rooms=rooms)
    faults.hit("submit.committed")
    return response


@router.get("/verification/{verification}/withdraw")
def ask_withdraw(
    request: Request, verification: str, rooms: RoomsDep, reason: WithdrawReason = WithdrawReason.RATHER_NOT
) -> Response:
    """Ask once more before everything is destroyed."""
    with look(request, verification, rooms=rooms) as visit:
        if is_terminal(visit.row.state):
            return RedirectResponse(f"/verification/{verification}", status_code=303)
        reading = visit.read()
        page = WithdrawPage(
            shell=reading.shell,
            case=reading.case(),
            verification_id=visit.row.id,
            reason=reason,
            form_token=visit.form_token,
        )
        return show_page(request, page)


@router.post("/verification/{verification}/withdraw")
def withdraw(
    request: Request,
    verification: str,
    rooms: RoomsDep,
    form_token: FormToken = "",
    reason: Annotated[WithdrawReason, Form()] = WithdrawReason.RATHER_NOT,
) -> Response:
    """One of the two exits: everything is destroyed."""
    return change_by_form(
        request,
        verification,
        form_token,
        lambda session, now, row: end_by_customer(session, now, row.id, reason=reason),
        rooms=rooms,
    )


@router.get("/verification/{verification}/receipts/{document}")
def read_receipt(
    request: Request,
    verification: str,
    document: str,
    rooms: RoomsDep,
    format_: Annotated[Literal["page", "json"] | None, Query(alias="format")] = None,
) -> Response:
    """The deletion receipt of one document: to read and print, or the file that tools check."""
    with look(request, verification, rooms=rooms) as visit:
        found = get_document_of(visit.session, visit.row.id, DocumentId(document))
        receipt = find_document_receipt(visit.session, found.id, log_key=rooms.log_key)
        if format_ == "json" or not prefers_html(request):
            return answer_receipt_file(receipt)  # for tools, and the same in every language
        reading = visit.read()
        page = tell_receipt(
            receipt,
            shell=reading.shell,
            reference=visit.row.reference or "",
            label=reading.label_of(found),
            base_url=f"/verification/{verification}",
        )
        return show_page(request, page)
