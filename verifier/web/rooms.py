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
    """The services behind the customers' routes, and all that staff's need too. One per app, as `app.state.rooms`."""

    database: Database
    clock: Clock
    vault: Vault
    uploads: Uploads
    throttle: Throttle
    log_key: str
    public_url: str
    """The address that customers open, also where their links are shown to staff."""

    desk_name: str
    intake_closes_after: timedelta

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")


@dataclass(frozen=True)
class StaffRooms(Rooms):
    """The services behind the routes of staff and their programs."""

    policies: Mapping[str, Policy]
    verifications: Verifications
    requests: Requests
    views: Views
    decisions: Decisions
    principals: Principals
    digest_key: bytes
    case_url: str
    warnings: tuple[str, ...]


async def rooms_of(request: Request) -> Rooms:
    # Asynchronous, because FastAPI sends every synchronous dependency through a thread.
    rooms = request.app.state.rooms
    assert isinstance(rooms, Rooms)
    return rooms


async def staff_rooms_of(request: Request) -> StaffRooms:
    rooms = request.app.state.rooms
    assert isinstance(rooms, StaffRooms)
    return rooms


RoomsDep = Annotated[Rooms, Depends(rooms_of)]
StaffRoomsDep = Annotated[StaffRooms, Depends(staff_rooms_of)]
