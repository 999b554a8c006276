"""The part that both upload routes share: a request becomes a body, a body becomes a document."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from typing import Final

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


async def receive_document(request: Request, sender: Sender, *, rooms: Rooms) -> DocumentId:
    """Receive one document. Raises: MalformedMultipartError, and what `Uploads.receive` raises"""
    declared = request.headers.get("content-length", "")
    body = Body(
        chunks=_chunks(request),
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
    dropped = 0
    with contextlib.suppress(TimeoutError, UploadCutError):
        async with asyncio.timeout(_DRAIN_FOR):
            async for chunk in chunks:
                dropped += len(chunk)
                if dropped > _DRAIN_BYTES:
                    return


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes (ASGI, `http.request`), without the layers of `Request.stream`: it comes by the thousand."""
    is_whole = False
    while not is_whole:
        message = await request.receive()
        if message["type"] != "http.request":
            raise UploadCutError
        if body := message.get("body"):
            yield body
        is_whole = not message.get("more_body", False)
