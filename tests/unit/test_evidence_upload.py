"""What an upload is told when its sender falls silent."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.apart import run_apart
from tests.journey import make_jpeg
from tests.property.papers import Sender, head_of
from verifier.evidence.errors import FileTooLargeError
from verifier.evidence.upload import Body
from verifier.ids import VerificationId
from verifier.verifications.once import EVERY_TIME
from verifier.verifications.service import NewVerification
from verifier.wiring import House

_FRONT = ("identity", "front")


def test_a_sender_who_waits_for_the_answer_is_told_what_is_wrong_and_not_that_it_is_slow(house: House) -> None:
    async def sent() -> AsyncIterator[bytes]:
        yield head_of(_FRONT) + make_jpeg()
        yield bytes(21_000_000)
        await asyncio.Event().wait()

    asked = NewVerification("CASE-1", "account-recovery")
    verification = house.verifications.create(asked, actor="operator", once=EVERY_TIME).id
    body = Body(sent(), boundary=b"b", declared_bytes=None)
    with pytest.raises(FileTooLargeError):
        run_apart(house.uploads.receive(Sender(VerificationId(verification)), body))
