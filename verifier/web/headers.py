"""What every answer carries, and the one line that is logged about it.

Guarantees: a strict policy on every answer, refusals included; nothing is cached or sent to another site; the log names
the route's template, never the address, and nothing under `/v/` at all. Pure ASGI, so that a streamed body stays
streamed. Leaves to others: caching of static files, which set `Cache-Control` themselves.
"""

import re
import time
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verifier.telemetry import get_log
from verifier.web.json_bodies import BodyLimit
from verifier.web.problems import Refusals, RenderPage, install_handlers
from verifier.web.speaking import Languages

_POLICY: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # A photo is taken by the file field, which opens the camera app: no page of ours needs the camera itself.
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
}
_TRANSPORT: Final = "max-age=63072000; includeSubDomains"
_LINKS: Final = "/v/"


class SecurityHeaders:
    """Pure ASGI: sets the policy on every answer. `Cache-Control` is `no-store` where the answer says nothing."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app: Final = app
        self._headers: Final = dict(_POLICY) | ({"Strict-Transport-Security": _TRANSPORT} if is_https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers.setdefault("Cache-Control", "no-store")
                del headers["Server"]
            await send(message)

        await self._app(scope, receive, with_headers)


def route_template(scope: Scope) -> str:
    """The template of the route that answered, such as `/v1/documents/{id}/pages/{n}`; never the address."""
    # A router that was included under a prefix keeps its own short path; FastAPI keeps the whole one beside it.
    matched = (scope.get("fastapi") or {}).get("effective_route_context") or scope.get("route")
    return str(getattr(matched, "path", "unmatched"))


class AccessLog:
    """Pure ASGI: one line a request, with route, method, status and duration."""

    def __init__(self, app: ASGIApp) -> None:
        self._app: Final = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_LINKS):
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            took_ms = round((time.perf_counter() - begun) * 1000, 1)
            get_log().info(
                "request", route=route_template(scope), method=scope["method"], status=status, duration_ms=took_ms
            )


def install_plumbing(app: FastAPI, *, is_https: bool, render_page: RenderPage, streams: re.Pattern[str]) -> None:
    """Put the plumbing around `app`, in the one order that keeps what each part promises.

    `streams` matches the paths whose bodies are not taken in whole: the uploads.
    """
    install_handlers(app, render_page=render_page)
    # Added last is outermost: the log sees every status, the headers are on every refusal.
    app.add_middleware(BodyLimit, streams=streams)
    app.add_middleware(Refusals, owner=app, render_page=render_page)
    app.add_middleware(Languages, is_https=is_https)
    app.add_middleware(SecurityHeaders, is_https=is_https)
    app.add_middleware(AccessLog)
