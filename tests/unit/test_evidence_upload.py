"""What an upload is told when its sender falls silent."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from starlette.requests import Request

from tests.apart import run_apart
from tests.journey import make_jpeg
from tests.property.papers import Sender, head_of
from verifier.evidence import upload
from verifier.evidence.errors import FileTooLargeError
from verifier.evidence.upload import Body
from verifier.ids import VerificationId
from verifier.sanitise.errors import HeicError
from verifier.verifications.once import EVERY_TIME
from verifier.verifications.service import NewVerification
from verifier.web.rooms import Rooms
from verifier.web.uploading import receive_document
from verifier.wiring import House

_FRONT = ("identity", "front")


@pytest.fixture
def sender(house: House) -> Sender:
    asked = NewVerification("CASE-1", "account-recovery")
    return Sender(VerificationId(house.verifications.create(asked, actor="operator", once=EVERY_TIME).id))


def test_a_sender_who_waits_for_the_answer_is_told_what_is_wrong_and_not_that_it_is_slow(
    house: House, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "_SILENCE_FOR", 600.0)

    async def sent() -> AsyncIterator[bytes]:
        yield head_of(_FRONT) + make_jpeg()
        yield bytes(21_000_000)
        await asyncio.Event().wait()

    body = Body(sent(), boundary=b"b", declared_bytes=None)
    with pytest.raises(FileTooLargeError):
        run_apart(asyncio.wait_for(house.uploads.receive(sender, body), 60))


def test_what_comes_after_a_refusal_is_read_on_though_the_refusal_came_in_a_pause(house: House, sender: Sender) -> None:
    left = [bytes(100_000) for _ in range(5)]
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50_000)
    messages = [head_of(_FRONT) + heic]

    async def receive() -> dict[str, Any]:
        if messages:
            return {"type": "http.request", "body": messages.pop(), "more_body": True}
        await asyncio.sleep(0.3)  # long enough for the type to be refused meanwhile
        return {"type": "http.request", "body": left.pop(), "more_body": bool(left)}

    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)
    with pytest.raises(HeicError):
        run_apart(receive_document(request, sender, rooms=cast("Rooms", house)))
    assert left == []
