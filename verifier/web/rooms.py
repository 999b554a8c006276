"""What the routers need of the house, handed to them by the app; they choose nothing themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from policies.model import Policy
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.evidence.upload import Uploads
from verifier.proofs.requests import Requests
from verifier.reviews.decisions import Decisions
from verifier.reviews.views import Views
from verifier.vault.service import Vault
from verifier.verifications.service import Verifications
from verifier.web.principals import Principals
from verifier.web.throttle import Throttle


@dataclass(frozen=True)
class Rooms:
    """The services behind the routes. One per app, kept as `app.state.rooms`."""

    database: Database
    clock: Clock
    vault: Vault
    policies: Mapping[str, Policy]
    verifications: Verifications
    requests: Requests
    uploads: Uploads
    views: Views
    decisions: Decisions
    principals: Principals
    throttle: Throttle
    log_key: str
    digest_key: bytes
    public_url: str
    desk_name: str
    case_url: str
    intake_closes_after: timedelta
    warnings: tuple[str, ...]


async def rooms_of(request: Request) -> Rooms:
    # Asynchronous, because FastAPI sends every synchronous dependency through a thread.
    rooms = request.app.state.rooms
    assert isinstance(rooms, Rooms)
    return rooms


RoomsDep = Annotated[Rooms, Depends(rooms_of)]
