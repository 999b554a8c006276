"""One request, one thing: `Idempotency-Key` for the routes under `/v1`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Generic

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from verifier.staff.principal import Principal
from verifier.verifications.once import Made
from verifier.web.idempotency import body_digest, find_replay, parse_idempotency_key, remember
from verifier.web.rooms import StaffRooms


@dataclass(frozen=True)
class IdempotentCall(Generic[Made]):
    """This call under its key; without a key every call is new."""

    made: Callable[[str], Made]
    api_key: str
    key: str | None
    digest: bytes

    def find(self, session: Session, now: datetime) -> Made | None:
        if self.key is None:
            return None
        found = find_replay(session, now, api_key=self.api_key, key=self.key, body_digest=self.digest)
        return None if found is None else self.made(found)

    def keep(self, session: Session, now: datetime, made: Made) -> None:
        if self.key is not None:
            remember(session, now, api_key=self.api_key, key=self.key, body_digest=self.digest, resource_id=made)


async def read_body(request: Request) -> bytes:
    """The whole body, for its digest; the limit on its size was kept before the call began."""
    return await request.body()


RawBody = Annotated[bytes, Depends(read_body)]


def begin_call(
    request: Request, body: bytes, *, made: Callable[[str], Made], rooms: StaffRooms, principal: Principal
) -> IdempotentCall[Made]:
    """This call, which makes or changes what an id of the type `made` names. Raises: InvalidIdempotencyKeyError"""
    key = request.headers.get("idempotency-key")
    call = f"{request.method} {request.url.path}"
    return IdempotentCall(
        made=made,
        api_key=principal.actor,
        key=None if key is None else parse_idempotency_key(key),
        digest=body_digest(rooms.digest_key, call=call, body=body),
    )
