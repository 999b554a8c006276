"""The customer's pages on the way through a proof: what is due, one step of several, the other ways.

Guarantees: only what is accepted now is shown, the least intrusive first; going another way keeps what is there. A GET
changes nothing.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from policies.parts import CheckMethod, ContactKind, ContactRequirement, DocumentRequirement
from verifier.contacts.errors import UnknownCheckError
from verifier.contacts.life import CheckState
from verifier.contacts.reading import SubmissionStatus, find_submission
from verifier.errors import VerifierError
from verifier.ids import SubmissionId
from verifier.proofs.errors import UnknownLineError
from verifier.web.check_views import check_page
from verifier.web.customer_answers import tell_page
from verifier.web.customer_session import look, look_again
from verifier.web.customer_views import CustomerReading
from verifier.web.pages.common import FieldError, View
from verifier.web.pages.language import translator
from verifier.web.problems import prefers_html, refuse
from verifier.web.refused import lay_out_due, show_refused
from verifier.web.rooms import Rooms, RoomsDep
from verifier.web.speaking import show_page, speak
from verifier.web.step_views import find_last_check, is_listed, task_page, ways_page

router: Final = APIRouter(prefix="/verification/{verification}", tags=["customer"])


@router.get("/contacts/{contact}/{method}")
def show_check(
    request: Request,
    verification: str,
    contact: ContactKind,
    method: CheckMethod,
    rooms: RoomsDep,
    after: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """One contact check; `after`: what became of a submission. Elsewhere, once there is nothing to do in it."""
    with look(request, verification, rooms=rooms) as visit:
        reading = visit.read()
        item = ContactRequirement(contact, method) if (contact, method) in _list_checks(reading) else None
        if item is None or not reading.is_asked or _is_confirmed(reading, item):
            return RedirectResponse(f"/verification/{verification}", status_code=303)
        submission: SubmissionStatus | None = None
        if after:
            try:
                submission = find_submission(visit.session, visit.row.id, SubmissionId(after))
            except UnknownCheckError:
                submission = None  # an old address: the page says how it stands without it
        page = check_page(reading, item, form_token=visit.form_token, submission=submission)
        return show_page(request, page, here=page.here.partition("?")[0])


def _list_checks(reading: CustomerReading) -> set[tuple[ContactKind, CheckMethod]]:
    return {(each.contact, each.by) for each in reading.requirements if isinstance(each, ContactRequirement)}


def _is_confirmed(reading: CustomerReading, item: ContactRequirement) -> bool:
    check = find_last_check(reading, item)
    return check is not None and check.state is CheckState.CONFIRMED


@router.get("/documents")
def show_document(
    request: Request, verification: str, rooms: RoomsDep, document: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """One document, where it is a step among others."""
    with look(request, verification, rooms=rooms) as visit:
        reading = visit.read()
        if not prefers_html(request):
            return tell_page(request, reading, verification=visit.row.id, form_token=visit.form_token)
        wanted = {each.document for each in reading.requirements if isinstance(each, DocumentRequirement)}
        if not reading.is_asked or document not in wanted or not is_listed(reading):
            return RedirectResponse(f"/verification/{verification}", status_code=303)
        page = task_page(reading, form_token=visit.form_token, document=document)
        return show_page(request, page)


@router.get("/proof")
def show_ways(request: Request, verification: str, rooms: RoomsDep) -> Response:
    """The ways that are accepted, to choose from."""
    with look(request, verification, rooms=rooms) as visit:
        reading = visit.read()
        if not reading.is_asked or len(reading.offers.lines) < 2:
            return RedirectResponse(f"/verification/{verification}", status_code=303)
        return show_page(request, ways_page(reading, form_token=visit.form_token))


def show_way_refused(request: Request, verification: str, error: VerifierError, *, rooms: Rooms) -> Response:
    """The other ways again, where the choice could not be taken; they may have changed meanwhile."""
    with look_again(request, verification, rooms=rooms) as visit:
        reading = visit.read()
        if not prefers_html(request) or not reading.is_asked or not reading.offers.lines:
            raise error
        _ = translator(speak(request))
        problem = refuse(error, translate=_)
        sentence = f"{problem.detail} {problem.next_step}"
        if isinstance(error, UnknownLineError):
            sentence = _("Choose one of the ways below.")
        errors = (FieldError(field=f"line-{reading.offers.lines[0]}", sentence=sentence),)
        page = ways_page(reading, form_token=visit.form_token, errors=errors)
        return show_page(request, page, status=problem.status, headers=problem.headers)


def show_check_refused(
    request: Request,
    verification: str,
    error: VerifierError,
    check: tuple[ContactKind, CheckMethod] | None,
    *,
    field: str,
    said: str,
    rooms: Rooms,
) -> Response:
    """The page of the check with the error on it, and what was typed; where it is not due, what is."""

    def lay_out(reading: CustomerReading, form_token: str, errors: tuple[FieldError, ...]) -> tuple[View, str]:
        if check is None or check not in _list_checks(reading) or _is_confirmed(reading, ContactRequirement(*check)):
            return lay_out_due(reading, form_token, errors)
        item = ContactRequirement(*check)
        page = check_page(reading, item, form_token=form_token, said=said, errors=errors)
        return page, f"/contacts/{item.contact}/{item.by}"

    return show_refused(request, verification, error, field_name=field, rooms=rooms, lay_out=lay_out)
