"""The customer's doors to contact checks: begin one, hand in a code or an address, look again, choose another proof.

Guarantees: this tier judges nothing and can open nothing: it stores a sealed submission and answers 202; the worker
gives the verdict, and the page asks how it stands. Without JavaScript the answer waits a moment for it.
"""

import dataclasses
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.orm import Session

from policies.parts import CheckMethod, ContactKind
from verifier import faults
from verifier.contacts.reading import find_submission, read_statuses
from verifier.contacts.submissions import CUSTOMER, Door
from verifier.errors import VerifierError
from verifier.ids import CheckId, SubmissionId, VerificationId
from verifier.proofs.offers import choose_line
from verifier.verifications.tables import VerificationRow
from verifier.web.contact_answers import ChecksAnswer, SubmissionAnswer, tell_checks, tell_pending, tell_submission
from verifier.web.customer import show
from verifier.web.customer_session import FormToken, change, look, verify_form
from verifier.web.customer_steps import show_check_refused, show_way_refused
from verifier.web.problems import prefers_html
from verifier.web.rooms import Rooms, RoomsDep
from verifier.web.speaking import speak
from verifier.web.waiting import wait_for_verdict

router: Final = APIRouter(prefix="/verification/{verification}", tags=["customer"])

Check = tuple[ContactKind, CheckMethod]


@router.get("/checks")
def list_checks(request: Request, verification: str, rooms: RoomsDep) -> ChecksAnswer:
    """How every contact check stands."""
    with look(request, verification, rooms=rooms) as visit:
        return tell_checks(read_statuses(visit.session, visit.row.id))


@router.get("/submissions/{submission}")
def read_submission(request: Request, verification: str, submission: str, rooms: RoomsDep) -> SubmissionAnswer:
    """What became of something that was handed in."""
    with look(request, verification, rooms=rooms) as visit:
        return tell_submission(find_submission(visit.session, visit.row.id, SubmissionId(submission)))


@router.post("/contacts/{contact}/{method}")
def begin(
    request: Request,
    verification: str,
    contact: ContactKind,
    method: CheckMethod,
    rooms: RoomsDep,
    form_token: FormToken = "",
) -> Response:
    """Begin a check, or have its code sent once more."""
    network, handing = rooms.throttle.network_of(request), _HandingIn(request, verification, form_token, rooms, "begin")
    handing.about = (contact, method)
    return handing.hand_in(
        lambda door, _, row: door.begin(contact, method, network=network, locale=speak(request, hint=row.locale))
    )


@router.post("/checks/{check}/code")
def guess(
    request: Request,
    verification: str,
    check: str,
    rooms: RoomsDep,
    form_token: FormToken = "",
    code: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Hand in the code."""
    handing = _HandingIn(request, verification, form_token, rooms, "code", said=code)
    return handing.hand_in(lambda door, session, row: door.guess(handing.about_check(session, row, check), code))


@router.post("/checks/{check}/address")
def type_address(
    request: Request,
    verification: str,
    check: str,
    rooms: RoomsDep,
    form_token: FormToken = "",
    address: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Hand in the address that the desk knows only as a digest."""
    network = rooms.throttle.network_of(request)
    handing = _HandingIn(request, verification, form_token, rooms, "address", said=address)

    def hand_in(door: Door, session: Session, row: VerificationRow) -> SubmissionId:
        id_, locale = handing.about_check(session, row, check), speak(request, hint=row.locale)
        return door.type_address(id_, address, network=network, locale=locale)

    return handing.hand_in(hand_in)


@router.post("/checks/{check}/look")
def look_now(request: Request, verification: str, check: str, rooms: RoomsDep, form_token: FormToken = "") -> Response:
    """Have the domain looked at now."""
    handing = _HandingIn(request, verification, form_token, rooms, "look")
    return handing.hand_in(lambda door, session, row: door.look(handing.about_check(session, row, check)))


@router.post("/checks/{check}/signature")
def sign(
    request: Request,
    verification: str,
    check: str,
    rooms: RoomsDep,
    form_token: FormToken = "",
    signature: Annotated[str, Form(max_length=16_000)] = "",
) -> Response:
    """Hand in a wallet's signature."""
    handing = _HandingIn(request, verification, form_token, rooms, "signature", said=signature)
    return handing.hand_in(lambda door, session, row: door.sign(handing.about_check(session, row, check), signature))


@router.post("/proof")
def choose_proof(
    request: Request,
    verification: str,
    rooms: RoomsDep,
    form_token: FormToken = "",
    line: Annotated[int, Form(ge=-1, le=99)] = -1,
) -> Response:
    """Choose another accepted proof; where none is named, none is taken."""
    token = verify_form(request, verification, form_token, rooms=rooms)
    try:
        with change(request, verification, token=token, rooms=rooms) as visit:
            choose_line(visit.session, visit.now, visit.row, line)
    except VerifierError as error:
        return show_way_refused(request, verification, error, rooms=rooms)
    if prefers_html(request):
        return RedirectResponse(f"/verification/{verification}", status_code=303)
    return show(request, verification, rooms)


@dataclasses.dataclass
class _HandingIn:
    """One thing that is handed in. `field`: where a refusal of it stands. `said`: what was typed, to be kept then."""

    request: Request
    verification: str
    given: str = dataclasses.field(repr=False)
    rooms: Rooms
    field: str
    said: str = dataclasses.field(default="", repr=False)
    about: Check | None = None

    def about_check(self, session: Session, row: VerificationRow, check: str) -> CheckId:
        """Note which check it is about: its page shows what becomes of it."""
        found = next((each for each in read_statuses(session, row.id) if each.id == check), None)
        self.about = None if found is None else (found.contact, found.method)
        return CheckId(check)

    def hand_in(self, hand_in: Callable[[Door, Session, VerificationRow], SubmissionId]) -> Response:
        request, verification, rooms = self.request, self.verification, self.rooms
        token = verify_form(request, verification, self.given, rooms=rooms)
        try:
            with change(request, verification, token=token, rooms=rooms) as visit:
                session, row = visit.session, visit.row
                submission = hand_in(Door(session, visit.now, rooms.vault, row, source=CUSTOMER), session, row)
        except VerifierError as error:
            about, field, said = self.about, self.field, self.said
            return show_check_refused(request, verification, error, about, field=field, said=said, rooms=rooms)
        faults.hit("submission.stored")
        if not prefers_html(request):
            return JSONResponse(tell_pending(submission).model_dump(), 202)
        wait_for_verdict(VerificationId(verification), submission, rooms=rooms)
        page = "" if self.about is None else f"/contacts/{self.about[0]}/{self.about[1]}?after={submission}"
        return RedirectResponse(f"/verification/{verification}{page}", status_code=303)
