"""The part that both upload routes share: a request becomes a body, a body becomes a document."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from typing import Final, Self

from fastapi import Request

from verifier.errors import VerifierError
from verifier.evidence.arrival import Sender
from verifier.evidence.errors import UploadCutError
from verifier.evidence.multipart import parse_boundary
from verifier.evidence.upload import Body
from verifier.ids import DocumentId
from verifier.web.rooms import Rooms

_LENGTH: Final = re.compile(r"[0-9]{1,15}")
_DRAIN_BYTES: Final = 64_000_000
_DRAIN_FOR: Final = 10.0
_QUIET_FOR: Final = 2.0


async def receive_document(request: Request, sender: Sender, *, rooms: Rooms) -> DocumentId:
    """Receive one document. Raises: MalformedMultipartError, and what `Uploads.receive` raises"""
    declared = request.headers.get("content-length", "")
    body = Body(
        chunks=_Chunks(request),
        boundary=parse_boundary(request.headers.get("content-type", "")),
        declared_bytes=int(declared) if _LENGTH.fullmatch(declared) else None,
    )
    try:
        return await rooms.uploads.receive(sender, body)
    except VerifierError:
        await _drain(body.chunks)
        raise


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Drop the rest of a refused body, within limits: a browser shows the answer only when it has sent everything."""
    tell_time = asyncio.get_running_loop().time
    ends_at, dropped = tell_time() + _DRAIN_FOR, 0
    with contextlib.suppress(TimeoutError, UploadCutError):
        async with asyncio.timeout(_QUIET_FOR) as patience:
            async for chunk in chunks:
                dropped += len(chunk)
                if dropped > _DRAIN_BYTES or tell_time() > ends_at:
                    return
                patience.reschedule(tell_time() + _QUIET_FOR)


class _Chunks:
    """The body as it comes (ASGI, `http.request`), without the layers of `Request.stream`: it comes by the thousand.

    A generator would end where a wait for bytes is given up; here whoever comes next reads on.
    """

    def __init__(self, request: Request) -> None:
        self._receive: Final = request.receive
        self._is_whole = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._is_whole:
            message = await self._receive()
            if message["type"] != "http.request":
                raise UploadCutError
            self._is_whole = not message.get("more_body", False)
            if body := message.get("body"):
                return bytes(body)
        raise StopAsyncIteration
