"""The language of an answer: chosen once a request, told in its headers, changed by the switcher.

Guarantees: a person's own choice wins from then on; it is a cookie that holds the language's code and nothing else,
and choosing changes nothing but that cookie. An answer in a person's language says so (Content-Language) and what the
choice depended on (Vary). Leaves to others: what is said.
"""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verifier.locales import NO_HINT, choose_locale, locales
from verifier.web.pages.common import View
from verifier.web.pages.rendering import render

PARAMETER: Final = "language"
CUSTOMER_PATHS: Final = re.compile(r"/(?:n|v|verification)/[A-Za-z0-9._~/-]*")
"""Plain characters only: a path that the switcher sends somebody back to is repeated in a header."""

_SCOPE: Final = "verifier.language"
_DEPENDS_ON: Final = "Accept, Accept-Language, Cookie"
_YEAR: Final = 365 * 24 * 3600


def _cookie_name(*, is_https: bool) -> str:
    return f"{'__Host' if is_https else 'dev'}-language"


def speak(request: Request, *, hint: str = NO_HINT) -> str:
    """The language of this answer. `hint`: the agent's, where the verification is known; it holds for the request."""
    said: MutableMapping[str, str] = request.scope.setdefault(_SCOPE, {})
    hint = hint or said.get("hint", NO_HINT)
    accept_language = request.headers.get("accept-language", "")
    locale = choose_locale(chosen=said.get("chosen", ""), hint=hint, accept_language=accept_language)
    said.update(hint=hint, spoken=locale)
    return locale


def show_page(
    request: Request,
    view: View,
    *,
    hint: str = NO_HINT,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    here: str = "",
) -> HTMLResponse:
    """`view` as a page in the reader's language. `here`: the address of the page, where a POST shows it."""
    html = render(view, locale=speak(request, hint=hint), here=here or find_address(request))
    return HTMLResponse(html, status, headers=headers)


def find_address(request: Request) -> str:
    """The address of this page without the switcher's parameter, for its links."""
    kept = _without_choice(request.scope)
    return request.url.path + (f"?{kept}" if kept else "")


def _without_choice(scope: Scope) -> str:
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return urlencode([(name, value) for name, value in pairs if name != PARAMETER])


class Languages:
    """Pure ASGI: knows the choice of whoever asks, takes a new one, and puts the headers of language on answers."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app: Final = app
        self._is_https: Final = is_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        switched = self._switch(request)
        if switched is not None:
            await switched(scope, receive, send)
            return
        said: dict[str, str] = {"chosen": request.cookies.get(_cookie_name(is_https=self._is_https), "")}
        scope[_SCOPE] = said

        async def with_language(message: Message) -> None:
            if message["type"] == "http.response.start" and "spoken" in said:
                _tell(message, said["spoken"])
            await send(message)

        await self._app(scope, receive, with_language)

    def _switch(self, request: Request) -> Response | None:
        """The answer to a choice: the cookie, and the same page again; `None` where nobody chose."""
        if request.method != "GET" or not CUSTOMER_PATHS.fullmatch(request.scope["path"]):
            return None
        chosen = request.query_params.get(PARAMETER, "")
        if chosen not in locales():
            return None
        response = RedirectResponse(find_address(request), status_code=303)
        response.set_cookie(
            _cookie_name(is_https=self._is_https),
            chosen,
            max_age=_YEAR,
            path="/",
            secure=self._is_https,
            httponly=True,
            samesite="lax",
        )
        return response


def _tell(message: MutableMapping[str, Any], spoken: str) -> None:
    headers = MutableHeaders(scope=message)
    headers.setdefault("Content-Language", spoken)
    headers.add_vary_header(_DEPENDS_ON)
