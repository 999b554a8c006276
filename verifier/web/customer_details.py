"""Details and captions, given by the customer: one question a page, or all at once as a program.

Guarantees: what has not its format is told in full, at its inputs, with everything that was typed still there; nothing
that was given is ever shown again, because this tier cannot open it. Only the customer gives details: no agent's route
leads here.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from verifier import faults
from verifier.errors import VerifierError
from verifier.proofs.details import DETAIL, Given, Typed, give_details, read_given
from verifier.proofs.errors import DetailMalformedError, UnknownDetailError
from verifier.verifications.life import VerificationState
from verifier.verifications.moves import get_policy
from verifier.verifications.tables import VerificationRow
from verifier.web.customer import page_of_slot
from verifier.web.customer_session import Visit, change, look, look_again, verify_form
from verifier.web.detail_reading import read_questions
from verifier.web.detail_views import field_errors, tell_faults
from verifier.web.details_form import DetailsForm, Sent, read_details_form, read_sent
from verifier.web.pages.common import FieldError, slot_anchor
from verifier.web.pages.details import DetailPage
from verifier.web.pages.language import translator
from verifier.web.pages.questions import Question
from verifier.web.problems import PROBLEM_JSON, prefers_html, refuse
from verifier.web.refused import show_refused
from verifier.web.rooms import Rooms, RoomsDep
from verifier.web.speaking import show_page, speak

router: Final = APIRouter(tags=["customer"])


SentDep = Annotated[Sent, Depends(read_sent)]


@router.get("/verification/{verification}/details")
def ask(
    request: Request, verification: str, rooms: RoomsDep, name: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """One question: the one that is named, or the first that has no answer; back to the task when all have."""
    with look(request, verification, rooms=rooms) as visit:
        row = visit.row
        questions = read_questions(visit.session, row, locale=speak(request, hint=row.locale))
        if not prefers_html(request):
            return JSONResponse(_tell_questions(row, questions, form_token=visit.form_token))
        wanted = [each for each in questions if each.name == name] or [
            each for each in questions if each.name.startswith(DETAIL) and not each.is_given
        ]
        if not wanted or row.state is not VerificationState.REQUESTED:
            return RedirectResponse(f"/verification/{verification}", status_code=303)
        page = _page(visit, questions, wanted[:1])
        return show_page(request, page)


@router.post("/verification/{verification}/details")
def give(request: Request, verification: str, rooms: RoomsDep, sent: SentDep) -> Response:
    """Keep what was typed: all of it, or none."""
    token = verify_form(request, verification, sent.form_token, rooms=rooms)
    try:
        form, given = _keep(request, verification, sent, token=token, rooms=rooms)
    except DetailMalformedError as error:
        return _show_faults(request, verification, sent, error, rooms=rooms)
    except VerifierError as error:
        return show_refused(request, verification, error, field_name="submit", rooms=rooms)
    if not prefers_html(request):
        told = {"details": sorted(given.details), "captions": sorted(given.captions)}
        return JSONResponse({"id": verification, "given": told})
    return RedirectResponse(_find_next(verification, form.typed), status_code=303)


def _keep(request: Request, verification: str, sent: Sent, *, token: str, rooms: Rooms) -> tuple[DetailsForm, Given]:
    with change(request, verification, token=token, rooms=rooms) as visit:
        session, row = visit.session, visit.row
        form = read_details_form(sent.fields, get_policy(session, row))
        if not (form.typed.details or form.typed.captions):
            raise UnknownDetailError
        closes_after = rooms.intake_closes_after
        give_details(session, visit.now, row, form.typed, vault=rooms.vault, intake_closes_after=closes_after)
        session.flush()
        given = read_given(session, row.id)
        faults.hit("details.before_commit")
    faults.hit("details.kept")
    return form, given


def _find_next(verification: str, typed: Typed) -> str:
    """After a detail, the next one; after a caption, its picture."""
    if typed.details:
        return f"/verification/{verification}/details"
    slot = next(iter(typed.captions))
    return f"/verification/{verification}{page_of_slot(slot)}#{slot_anchor(slot)}"


def _show_faults(
    request: Request, verification: str, sent: Sent, error: DetailMalformedError, *, rooms: Rooms
) -> Response:
    """Everything that is wrong at once, with everything that was typed."""
    with look_again(request, verification, rooms=rooms) as visit:
        session, row = visit.session, visit.row
        locale, policy = speak(request, hint=row.locale), get_policy(session, row)
        problem = refuse(error, translate=translator(locale))
        if not prefers_html(request):
            sentences = tell_faults(policy, error, locale=locale)
            wrong = [{"name": each, "fault": error.faults[each], "sentence": sentences[each]} for each in sentences]
            return JSONResponse(problem.to_json() | {"fields": wrong}, problem.status, media_type=PROBLEM_JSON)
        questions = read_questions(session, row, locale=locale, values=sent.fields)
        shown = [each for each in questions if any(one.name in sent.fields for one in each.inputs)]
        errors = field_errors(policy, error, locale=locale, values=sent.fields)
        page = _page(visit, read_questions(session, row, locale=locale), shown, errors=errors)
        here = f"/verification/{verification}/details"
        return show_page(request, page, status=problem.status, headers=problem.headers, here=here)


def _page(
    visit: Visit, questions: list[Question], shown: list[Question], *, errors: tuple[FieldError, ...] = ()
) -> DetailPage:
    """`questions`: what is asked for now, of which the page counts; what is shown beside it is counted after it."""
    reading = visit.read()
    first = shown[0].name
    of_a_kind = [each.name for each in questions if each.name.startswith(DETAIL) == first.startswith(DETAIL)]
    of_a_kind += [] if first in of_a_kind else [first]
    return DetailPage(
        errors=errors,
        shell=reading.shell,
        case=reading.case(),
        verification_id=visit.row.id,
        form_token=visit.form_token,
        questions=tuple(shown),
        number=of_a_kind.index(first) + 1,
        count=len(of_a_kind),
    )


def _tell_questions(row: VerificationRow, questions: list[Question], *, form_token: str) -> dict[str, object]:
    told = [
        {"name": each.name, "title": each.title, "hint": each.hint, "example": each.example, "given": each.is_given}
        for each in questions
    ]
    return {"id": row.id, "status": row.state, "form_token": form_token, "questions": told}
