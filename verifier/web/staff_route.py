"""The routes of staff pages: refusals as pages in the reader's own frame, and forms that were signed for.

Guarantees: whoever is not signed in and opens a page is led to the door; a form is read only after its sender was
recognised, and handed on only with the token of this very session. Leaves to others: whether they may
(`verify_may`, in every route).
"""

import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from verifier.errors import VerifierError
from verifier.ids import ID_PATTERN
from verifier.web.errors import SignInNeededError
from verifier.web.pages import render
from verifier.web.pages.common import FieldError, ProblemPage, View
from verifier.web.pages.language import translator
from verifier.web.principals import PagePrincipal
from verifier.web.problems import prefers_html, problem_of, refuse
from verifier.web.rooms import StaffRooms, StaffRoomsDep, staff_rooms_of
from verifier.web.staff_views import LOCALE, find_first_page, staff_shell

SIGN_IN: Final = "/sign-in"
_MOST_FIELDS: Final = 100
_PART: Final = re.compile(r"(/(cases|review)/([^/]+))/.+")


def show(view: View, *, status: int = 200) -> HTMLResponse:
    """A staff page as an answer."""
    return HTMLResponse(render(view, locale=LOCALE), status)


def go_to(path: str) -> RedirectResponse:
    """On to another page, by GET."""
    return RedirectResponse(path, status_code=303)


def explain_refusal(
    error: VerifierError, *, fields: Mapping[str, tuple[str, str]], otherwise: str
) -> tuple[tuple[FieldError, ...], int]:
    """A refusal as an error on its form, and the status that belongs to it.

    `fields` has, by code, the field that it is about and what to do in the words of the form; what is not in it stands
    at `otherwise`, in the words of the one table.
    """
    _ = translator(LOCALE)
    problem = refuse(error, translate=_)
    field, sentence = fields.get(error.code, (otherwise, ""))
    said = _(sentence) if sentence else f"{problem.detail} {problem.next_step}"
    return (FieldError(field=field, sentence=said),), problem.status


class StaffRoute(APIRoute):
    """Answers refusals of its route as pages; what it cannot, it leaves to the app."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_with_pages(request: Request) -> Response:
            try:
                return await handle(request)
            except (VerifierError, RequestValidationError) as error:
                if not prefers_html(request):
                    raise
                if isinstance(error, SignInNeededError) and request.method == "GET":
                    return go_to(SIGN_IN)
                page = await run_in_threadpool(_find_refusal_page, request, error, await staff_rooms_of(request))
                if page is None:
                    raise
                return page

        return handle_with_pages


def _find_refusal_page(request: Request, error: Exception, rooms: StaffRooms) -> Response | None:
    """The refusal in the frame of whoever is signed in; `None` where nobody is."""
    try:
        principal = rooms.principals.from_session(request)
    except VerifierError:
        return None
    problem = problem_of(error, app=request.app)
    page = ProblemPage(
        shell=staff_shell(request, principal, rooms=rooms),
        title=problem.title,
        sentence=problem.detail,
        next_step=problem.next_step,
        code=problem.code,
        back_url=_back_url(request.url.path) or find_first_page(principal),
    )
    return HTMLResponse(render(page, locale=LOCALE), problem.status, headers=problem.headers)


def _back_url(path: str) -> str | None:
    part = _PART.fullmatch(path)
    return part[1] if part is not None and ID_PATTERN.fullmatch(part[3]) else None


@dataclass(frozen=True, repr=False)
class StaffForm:
    """The fields of a form that this session sent. Line ends are one character each, as browsers count them."""

    _fields: FormData

    def get(self, name: str) -> str:
        """The field, without the space around it; "" where it was not sent."""
        return self.get_all(name)[0] if name in self._fields else ""

    def names(self) -> list[str]:
        """The names of the fields that were sent, each once."""
        return list(dict.fromkeys(self._fields))

    def get_all(self, name: str) -> list[str]:
        """Every value that was sent under this name."""
        return [value.replace("\r\n", "\n").strip() for value in self._fields.getlist(name) if isinstance(value, str)]


async def read_form(request: Request, _: PagePrincipal, rooms: StaffRoomsDep) -> StaffForm:
    """The form of whoever is signed in. Raises `SignInNeededError`, `InvalidFormTokenError`."""
    async with request.form(max_files=0, max_fields=_MOST_FIELDS) as fields:
        form = StaffForm(fields)
        rooms.principals.verify_form(request, given=form.get("form_token"))
        return form


SignedForm = Annotated[StaffForm, Depends(read_form)]
