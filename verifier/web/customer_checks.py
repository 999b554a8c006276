"""The customer's doors to contact checks: begin one, hand in a code or an address, look again, choose another proof.

Guarantees: this tier judges nothing and can open nothing: it stores a sealed submission and answers 202; the worker
gives the verdict, and the page asks how it stands. Without JavaScript the answer waits a moment for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request, Response
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
from verifier.web.customer import show_changed
from verifier.web.customer_session import FormToken, change, look, verify_form
from verifier.web.customer_steps import show_check_refused, show_way_refused
from verifier.web.problems import prefers_html
from verifier.web.rooms import Rooms, RoomsDep
from verifier.web.speaking import speak
from verifier.web.waiting import wait_for_verdict

router: Final = APIRouter(prefix="/verification/{verification}", tags=["customer"])

Check = tuple[ContactKind, CheckMethod]
HandIn = Callable[[Door, Session, VerificationRow], SubmissionId]


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


@dataclass
class _HandingIn:
    """A form with which something is handed in. `about` is the check whose page shows what becomes of it."""

    request: Request
    verification: str
    given: str = field(repr=False)
    rooms: Rooms
    about: Check | None = None

    @property
    def network(self) -> str:
        return self.rooms.throttle.network_of(self.request)

    def speak_to(self, row: VerificationRow) -> str:
        """The language that the customer reads."""
        return speak(self.request, hint=row.locale)

    def about_check(self, session: Session, row: VerificationRow, check: str) -> CheckId:
        """Note which check it is about."""
        found = next((each for each in read_statuses(session, row.id) if each.id == check), None)
        self.about = None if found is None else (found.contact, found.method)
        return CheckId(check)

    def hand_in(self, hand_in: HandIn, *, field: str, said: str = "") -> Response:
        """`field`: where a refusal of it stands. `said`: what was typed, to be kept then."""
        request, verification, rooms = self.request, self.verification, self.rooms
        token = verify_form(request, verification, self.given, rooms=rooms)
        try:
            with change(request, verification, token=token, rooms=rooms) as visit:
                session, row = visit.session, visit.row
                submission = hand_in(Door(session, visit.now, rooms.vault, row, source=CUSTOMER), session, row)
        except VerifierError as error:
            return show_check_refused(request, verification, error, self.about, field=field, said=said, rooms=rooms)
        faults.hit("submission.stored")
        if not prefers_html(request):
            return JSONResponse(tell_pending(submission).model_dump(), 202)
        wait_for_verdict(VerificationId(verification), submission, rooms=rooms)
        page = "" if self.about is None else f"/contacts/{self.about[0]}/{self.about[1]}?after={submission}"
        return RedirectResponse(f"/verification/{verification}{page}", status_code=303)


def _receive_form(request: Request, verification: str, rooms: RoomsDep, form_token: FormToken = "") -> _HandingIn:
    return _HandingIn(request, verification, form_token, rooms)


Handing = Annotated[_HandingIn, Depends(_receive_form)]


@router.post("/contacts/{contact}/{method}")
def begin(handing: Handing, contact: ContactKind, method: CheckMethod) -> Response:
    """Begin a check, or have its code sent once more."""
    handing.about = (contact, method)
    return handing.hand_in(
        lambda door, _, row: door.begin(contact, method, network=handing.network, locale=handing.speak_to(row)),
        field="begin",
    )


@router.post("/checks/{check}/code")
def guess(handing: Handing, check: str, code: Annotated[str, Form(max_length=100)] = "") -> Response:
    """Hand in the code."""
    return handing.hand_in(
        lambda door, session, row: door.guess(handing.about_check(session, row, check), code), field="code", said=code
    )


@router.post("/checks/{check}/address")
def type_address(handing: Handing, check: str, address: Annotated[str, Form(max_length=400)] = "") -> Response:
    """Hand in the address that the desk knows only as a digest."""

    def hand_in(door: Door, session: Session, row: VerificationRow) -> SubmissionId:
        id_ = handing.about_check(session, row, check)
        return door.type_address(id_, address, network=handing.network, locale=handing.speak_to(row))

    return handing.hand_in(hand_in, field="address", said=address)


@router.post("/checks/{check}/look")
def look_now(handing: Handing, check: str) -> Response:
    """Have the domain looked at now."""
    return handing.hand_in(lambda door, session, row: door.look(handing.about_check(session, row, check)), field="look")


@router.post("/checks/{check}/signature")
def sign(handing: Handing, check: str, signature: Annotated[str, Form(max_length=16_000)] = "") -> Response:
    """Hand in a wallet's signature."""
    return handing.hand_in(
        lambda door, session, row: door.sign(handing.about_check(session, row, check), signature),
        field="signature",
        said=signature,
    )


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
            visit.session.flush()
            faults.hit("proof.before_commit")
        faults.hit("proof.chosen")
    except VerifierError as error:
        return show_way_refused(request, verification, error, rooms=rooms)
    return show_changed(request, verification, rooms=rooms)
