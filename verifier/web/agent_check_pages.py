"""The agent's page takes a code that the customer reads out on the phone.

Guarantees: nothing is judged here; who enters a code had a hand in the verification, where four eyes are asked for.
"""

from typing import Final

from fastapi import APIRouter, Request, Response

from policies.access import Action
from policies.parts import ContactKind
from verifier import faults
from verifier.contacts.errors import UnknownContactError
from verifier.contacts.submissions import Door
from verifier.errors import VerifierError
from verifier.ids import SubmissionId, VerificationId
from verifier.staff.principal import Principal, verify_may
from verifier.verifications.handlers import note_handler
from verifier.verifications.moves import get_verification, lock_verification
from verifier.web.agent_views import read_case
from verifier.web.link_showing import note_link_shown
from verifier.web.pages.agent import CasePage
from verifier.web.pages.common import FieldError
from verifier.web.principals import PagePrincipal
from verifier.web.rooms import StaffRooms, StaffRoomsDep
from verifier.web.staff_route import SignedForm, StaffRoute, explain_refusal, go_to, show
from verifier.web.waiting import wait_for_verdict

router: Final = APIRouter(tags=["agent"], route_class=StaffRoute, include_in_schema=False)


@router.post("/cases/{verification}/code")
def enter_code(
    request: Request, verification: str, principal: PagePrincipal, rooms: StaffRoomsDep, form: SignedForm
) -> Response:
    """Enter the code; the case shows what became of it, with the error where it could not be taken."""
    verify_may(principal, Action.CONTACT_CHECK_SUBMIT)
    id_, contact = VerificationId(verification), form.get("contact")
    try:
        submission = _hand_in(id_, contact, form.get("code"), principal=principal, rooms=rooms)
    except VerifierError as error:
        errors, status = explain_refusal(error, fields={}, otherwise=f"code-{contact}")
        page = _read_again(request, id_, principal=principal, rooms=rooms, errors=errors)
        return show(page, status=status)
    faults.hit("submission.stored")
    wait_for_verdict(id_, submission, rooms=rooms)
    return go_to(f"/cases/{verification}#checks")


def _read_again(
    request: Request, id_: VerificationId, *, principal: Principal, rooms: StaffRooms, errors: tuple[FieldError, ...]
) -> CasePage:
    noted = note_link_shown(rooms, principal, id_)  # what was refused noted nobody, and the case shows its link
    with rooms.database.read() as session:
        row = get_verification(session, id_)
        return read_case(
            session,
            row,
            request=request,
            principal=principal,
            rooms=rooms,
            noted=noted,
            is_renewed=False,
            errors=errors,
        )


def _hand_in(id_: VerificationId, contact: str, code: str, *, principal: Principal, rooms: StaffRooms) -> SubmissionId:
    if contact not in set(ContactKind):
        raise UnknownContactError({"contact": ""})
    with rooms.database.write() as session:
        row = lock_verification(session, id_)
        now = rooms.clock.now(session)
        submission = Door(session, now, rooms.vault, row, source=principal.actor).guess_for(ContactKind(contact), code)
        note_handler(session, row.id, actor=principal.actor)
        return submission
