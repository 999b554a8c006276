"""What is wrong with a body: its size, its JSON, its fields.

Guarantees: a body that is not streamed is at most `limit_bytes` long, whatever its headers say, and is counted as it
arrives; JSON is read strictly (UTF-8, each name once, no NaN); what pydantic found is told without the client's words.
Leaves to others: the calls that stream (`streams`), which keep their own limits, and the answer (`problems`).
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verifier.errors import VerifierError
from verifier.web.errors import InvalidFieldError, MalformedJsonError, TooLargeError, UnknownFieldError

JSON_BODY_BYTES: Final = 64 * 1024
_DEPTH: Final = 32
_LENGTH_DIGITS: Final = 15  # Python refuses to read numbers of thousands of digits
_JSON: Final = re.compile(r"application/([^/]+\+)?json")  # what FastAPI, too, reads as JSON


def _refuse_doubled_names(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    # RFC 8259, section 4: two readers may take different ones of two values under one name.
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedJsonError
    return members


def _refuse_constant(_name: str) -> object:
    raise MalformedJsonError


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def parse_json_object(body: bytes) -> dict[str, object]:
    """Read `body` as one JSON object.

    Raises:
        MalformedJsonError: for anything else, without a word about where.
    """
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=_refuse_doubled_names, parse_constant=_refuse_constant
        )
        # A lone surrogate, or 1e999, is JSON by the letter, but could be neither stored nor sent back.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise MalformedJsonError from error
    if not isinstance(value, dict) or _depth(value) > _DEPTH:
        raise MalformedJsonError
    return value


class BodyLimit:
    """Pure ASGI: takes in the whole body, at most `limit_bytes`, before the call begins."""

    def __init__(self, app: ASGIApp, *, streams: re.Pattern[str], limit_bytes: int = JSON_BODY_BYTES) -> None:
        self._app: Final = app
        self._streams: Final = streams
        self._limit_bytes: Final = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._streams.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        body = await self._read(receive, announced=headers.get("content-length", ""))
        if body and _JSON.fullmatch(headers.get("content-type", "").split(";")[0].strip().lower()):
            parse_json_object(body)
        handed_on = False

        async def replay() -> Message:
            nonlocal handed_on
            if handed_on:
                return await receive()
            handed_on = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)

    async def _read(self, receive: Receive, *, announced: str) -> bytes:
        if announced.isdecimal() and (len(announced) > _LENGTH_DIGITS or int(announced) > self._limit_bytes):
            raise TooLargeError({"limit_bytes": self._limit_bytes})
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            body += message.get("body", b"")
            if len(body) > self._limit_bytes:
                raise TooLargeError({"limit_bytes": self._limit_bytes})
            if not message.get("more_body", False):
                return bytes(body)


def _names_of(schema: object) -> set[str]:
    """Every name of a field or a parameter that our own published contract uses."""
    names: set[str] = set()
    if isinstance(schema, Mapping):
        properties = schema.get("properties")
        if isinstance(properties, Mapping):
            names |= {str(name) for name in properties}
        if isinstance(schema.get("in"), str) and isinstance(schema.get("name"), str):
            names.add(schema["name"])
        for value in schema.values():
            names |= _names_of(value)
    elif isinstance(schema, list):
        for value in schema:
            names |= _names_of(value)
    return names


def _pointer(location: Sequence[int | str], *, ours: set[str]) -> str:
    """A JSON pointer (RFC 6901) that ends before the first name that is not ours."""
    steps: list[str] = []
    for step in location:
        if isinstance(step, str) and step not in ours:
            break
        steps.append(str(step).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{step}" for step in steps)


def refusal_of(error: RequestValidationError, *, app: FastAPI) -> VerifierError:
    """Say which of our refusals `error` is; the first finding decides, unknown names before bad values."""
    findings = error.errors()
    kinds = {finding["type"] for finding in findings}
    if "json_invalid" in kinds or any(tuple(finding["loc"]) == ("body",) for finding in findings):
        return MalformedJsonError()
    if "extra_forbidden" in kinds:
        return UnknownFieldError()
    pointer = _pointer(tuple(findings[0]["loc"])[1:], ours=_names_of(app.openapi()))
    return InvalidFieldError({"pointer": pointer} if pointer else {})
