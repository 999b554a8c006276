"""What a customer sees who was refused while something is asked of them: the page again, with the error on it."""

from collections.abc import Callable

from fastapi import Request, Response

from verifier.errors import VerifierError
from verifier.proofs.errors import CaptionMissingError
from verifier.web.asked import asked_page
from verifier.web.customer_session import look_again
from verifier.web.customer_views import CustomerReading
from verifier.web.detail_views import label_slot
from verifier.web.pages.common import FieldError, View
from verifier.web.pages.language import translator
from verifier.web.problems import prefers_html, refuse
from verifier.web.rooms import Rooms
from verifier.web.speaking import show_page, speak

LayOut = Callable[[CustomerReading, str, tuple[FieldError, ...]], tuple[View, str]]
"""From what was read, the form token and the errors: a page, and its address below the verification."""


def lay_out_due(reading: CustomerReading, form_token: str, errors: tuple[FieldError, ...]) -> tuple[View, str]:
    """The page that is due."""
    return asked_page(reading, form_token=form_token, errors=errors), ""


def _in_their_words(error: VerifierError, reading: CustomerReading) -> VerifierError:
    """To a person a place for a document has the name that the page gives it."""
    if not isinstance(error, CaptionMissingError):
        return error
    return CaptionMissingError({"slot": label_slot(reading.policy, str(error.facts["slot"]), locale=reading.locale)})


def show_refused(
    request: Request,
    verification: str,
    error: VerifierError,
    *,
    field_name: str,
    rooms: Rooms,
    lay_out: LayOut = lay_out_due,
) -> Response:
    """The page with an error summary; to a program, and where nothing is asked any more, the refusal itself."""
    if not prefers_html(request):
        raise error
    with look_again(request, verification, rooms=rooms) as visit:
        reading = visit.read()
        if not reading.is_asked:
            raise error
        problem = refuse(_in_their_words(error, reading), translate=translator(speak(request)))
        errors = (FieldError(field=field_name, sentence=f"{problem.detail} {problem.next_step}"),)
        page, below = lay_out(reading, visit.form_token, errors)
        here = f"/verification/{verification}{below}"
        return show_page(request, page, status=problem.status, headers=problem.headers, here=here)
