"""Turns refusals into answers: RFC 9457 problems for programs, a page for people.

Guarantees: every refusal leaves with the status, sentences and next step of the one table in `verifier.web.answers`;
nothing that a client sent is echoed; an unlisted error is a 500 without a word about its cause.
Leaves to others: the look of the page (`render_page`), the choice of a language (`speaking`), the line in the log
(`headers.AccessLog`).
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verifier.errors import VerifierError
from verifier.locales import translator
from verifier.meters import get_meters
from verifier.telemetry import get_log
from verifier.web.answers import ANSWERS
from verifier.web.json_bodies import refusal_of
from verifier.web.speaking import CUSTOMER_PATHS, speak

PROBLEM_JSON: Final = "application/problem+json"
_CODES: Final[Mapping[int, str]] = {
    401: "sign_in_needed",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    429: "too_many_requests",
    503: "unavailable",
}
_SIZES: Final = (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("bytes", 1))


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One refusal as it is answered. `retry_after` is in seconds."""

    code: str
    status: int
    title: str
    detail: str
    next_step: str
    retry_after: int | None = None
    facts: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        headers = {"Cache-Control": "no-store"}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"  # RFC 9110, section 11.6.1: a 401 must name a scheme
        return headers

    def to_json(self) -> dict[str, object]:
        """The members of RFC 9457, section 3.1, and ours: `code`, `next_step`, `facts`."""
        members: dict[str, object] = {
            "type": f"/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "next_step": self.next_step,
        }
        return members | ({"facts": dict(self.facts)} if self.facts else {})


RenderPage = Callable[[Problem, Request], str]


def _as_said(name: str, value: str | int) -> str:
    """A fact as people read it: `limit_bytes` 20000000 is 20 MB."""
    if not name.endswith("_bytes") or isinstance(value, str):
        return str(value)
    unit, size = next((row for row in _SIZES if value >= row[1]), _SIZES[-1])
    return f"{value / size:.3g} {unit}"


def problem_for(
    code: str, *, facts: Mapping[str, str | int] | None = None, translate: Callable[[str], str] = str
) -> Problem:
    """Look `code` up in the table; an unlisted one is `internal`, with nothing of its facts.

    Only facts that the row's sentence names are told: what else an error carries is between our rooms.
    """
    if code not in ANSWERS:
        get_log().error("problem.unlisted", code=code)
        return problem_for("internal", translate=translate)
    row, known = ANSWERS[code], dict(facts or {})
    told = {name: known[name] for name in known if f"{{{name}}}" in row.limit}
    detail = translate(row.detail)
    with suppress(KeyError):  # where the refusal does not carry the fact, the sentence without it is whole
        said = {name: _as_said(name, value) for name, value in told.items()}
        detail += f" {translate(row.limit).format_map(said)}" if row.limit else ""
    asked = known.get("retry_after", row.retry_after)
    return Problem(
        code=code,
        status=row.status,
        title=translate(row.title),
        detail=detail,
        next_step=translate(row.next_step),
        retry_after=None if asked is None else int(asked),
        facts=told,
    )


def refuse(error: VerifierError, *, translate: Callable[[str], str] = str) -> Problem:
    """The answer to a refusal that is given now: looked up, and counted."""
    return _counted(problem_for(error.code, facts=error.facts, translate=translate))


def _counted(problem: Problem) -> Problem:
    get_meters().count_refusal(problem.code)  # always a code of the table, whatever was asked for
    return problem


def problem_of(error: Exception, *, app: FastAPI, translate: Callable[[str], str] = str) -> Problem:
    """The answer to `error`, counted; what nobody listed is logged by its type and answered as `internal`."""
    return _counted(_find_problem(error, app=app, translate=translate))


def _find_problem(error: Exception, *, app: FastAPI, translate: Callable[[str], str]) -> Problem:
    if isinstance(error, RequestValidationError):
        error = refusal_of(error, app=app)
    if isinstance(error, VerifierError) and error.code != VerifierError.code:
        return problem_for(error.code, facts=error.facts, translate=translate)
    if isinstance(error, ClientDisconnect):
        return problem_for("upload_cut", translate=translate)
    if isinstance(error, HTTPException):
        code = _CODES.get(error.status_code)
        return problem_for(code or ("bad_request" if error.status_code < 500 else "internal"), translate=translate)
    get_log().error("request.failed", exc_info=error)
    # A database that is locked, full or out of connections is a state, which passes; all else is a fault.
    is_busy = isinstance(error, OperationalError | PoolTimeoutError)
    return problem_for("unavailable" if is_busy else "internal", translate=translate)


def _weight(accept: str, *, of: str) -> float:
    """The q value that an Accept header gives to a media type by its name (RFC 9110, section 12.5.1)."""
    for entry in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in entry.split(";"))
        if media_type != of:
            continue
        weights = [parameter[2:] for parameter in parameters if parameter.startswith("q=")]
        try:
            return float(weights[0]) if weights else 1.0
        except ValueError:
            return 0.0
    return 0.0


def prefers_html(request: Request) -> bool:
    """Whether the one who asks is a person with a browser; a program that takes anything gets JSON."""
    if request.url.path == "/v1" or request.url.path.startswith("/v1/"):
        return False
    accept = request.headers.get("accept", "")
    return _weight(accept, of="text/html") > max(
        _weight(accept, of="application/json"), _weight(accept, of=PROBLEM_JSON)
    )


def translate_for(request: Request) -> Callable[[str], str]:
    """What says a refusal in the language of whoever reads it: a person, or a page that shows what it was answered.
    Programs of the desk read English, whatever they run on.
    """
    is_read = prefers_html(request) or CUSTOMER_PATHS.fullmatch(request.scope["path"])
    return translator(speak(request)) if is_read else str


def respond(problem: Problem, request: Request, *, render_page: RenderPage) -> Response:
    """Write `problem` for whoever asked."""
    if prefers_html(request):
        return HTMLResponse(render_page(problem, request), problem.status, headers=problem.headers)
    return JSONResponse(problem.to_json(), problem.status, headers=problem.headers, media_type=PROBLEM_JSON)


class Refusals:
    """Pure ASGI, the last resort: whatever escapes from inside becomes an answer, or ends the connection."""

    def __init__(self, app: ASGIApp, *, owner: FastAPI, render_page: RenderPage) -> None:
        self._app: Final = app
        self._owner: Final = owner
        self._render_page: Final = render_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            problem = problem_of(error, app=self._owner, translate=translate_for(Request(scope)))
            if started:
                raise  # half an answer cannot be taken back: the cut connection says that it is not whole
            response = respond(problem, Request(scope), render_page=self._render_page)
            await response(scope, receive, send)


def install_handlers(app: FastAPI, *, render_page: RenderPage) -> None:
    """Answer the refusals that are raised inside a route, and those of the framework."""

    async def answer(request: Request, error: Exception) -> Response:
        problem = problem_of(error, app=app, translate=translate_for(request))
        response = respond(problem, request, render_page=render_page)
        allow = (error.headers or {}).get("Allow") if isinstance(error, HTTPException) else None
        if allow:
            response.headers["Allow"] = allow
        return response

    for kind in (VerifierError, RequestValidationError, HTTPException, ClientDisconnect):
        app.add_exception_handler(kind, answer)
